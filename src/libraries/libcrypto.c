// libcrypto on demand (on_demand.h). To load it takes longer than the whole run of a command that has no use for it.
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>

#include "libraries/on_demand.h"

#define CALLED "OpenSSL"

// The real functions, under their own names.
static struct {
    __typeof__(&EVP_PKEY_Q_keygen) EVP_PKEY_Q_keygen;
#define FUNCTION(type, name, parameters, arguments) ON_DEMAND_FIELD(name)
#define PROCEDURE(name, parameters, arguments)      ON_DEMAND_FIELD(name)
#include "libraries/libcrypto.def"
#undef FUNCTION
#undef PROCEDURE
} libcrypto;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = on_demand_load(CALLED, LIBCRYPTO_FILE);
    on_demand_find(library, CALLED, "EVP_PKEY_Q_keygen", &libcrypto.EVP_PKEY_Q_keygen);
#define FUNCTION(type, name, parameters, arguments) on_demand_find(library, CALLED, #name, &libcrypto.name);
#define PROCEDURE(name, parameters, arguments)      on_demand_find(library, CALLED, #name, &libcrypto.name);
#include "libraries/libcrypto.def"
#undef FUNCTION
#undef PROCEDURE
}

static void ready(void)
{
    // It fails only for a control that was not initialized.
    (void)pthread_once(&once, load);
}

#define FUNCTION(type, name, parameters, arguments)                                                                    \
    type name parameters                                                                                               \
    {                                                                                                                  \
        ready();                                                                                                       \
        return libcrypto.name arguments;                                                                               \
    }
#define PROCEDURE(name, parameters, arguments)                                                                         \
    void name parameters                                                                                               \
    {                                                                                                                  \
        ready();                                                                                                       \
        libcrypto.name arguments;                                                                                      \
    }
#include "libraries/libcrypto.def"

// What follows the type depends on it. The program makes RSA keys alone, of so many bits.
EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *context, const char *properties, const char *type, ...)
{
    va_list more;
    va_start(more, type);
    const size_t bits = va_arg(more, size_t);
    va_end(more);
    ready();
    return strcmp(type, "RSA") == 0 ? libcrypto.EVP_PKEY_Q_keygen(context, properties, type, bits) : NULL;
}
