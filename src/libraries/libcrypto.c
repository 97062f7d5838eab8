// libcrypto on demand. To load it takes longer than the whole run of a command that has no use for it.
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <string.h>

#define CALLED       "OpenSSL"
#define LIBRARY_FILE LIBCRYPTO_FILE
#define FUNCTIONS    "libraries/libcrypto.def"
#include "libraries/on_demand_functions.h"

// What follows the type depends on it. The program makes RSA keys alone, of so many bits.
EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *context, const char *properties, const char *type, ...)
{
    __typeof__(&EVP_PKEY_Q_keygen) generate = NULL;
    va_list more;
    va_start(more, type);
    const size_t bits = va_arg(more, size_t);
    va_end(more);
    ready();
    on_demand_find(library, CALLED, "EVP_PKEY_Q_keygen", &generate);
    return strcmp(type, "RSA") == 0 ? generate(context, properties, type, bits) : NULL;
}
