// libcrypto, which is loaded when one of its functions is called first. To load it takes longer than the whole run of a
// command that has no use for it. The rest of the code calls OpenSSL's functions as ever: the program has functions of
// these names, which pass the call on. They are seen inside the program alone, so that libraries get the real ones.
#include <dlfcn.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core/error.h"
#include "core/text.h"

// The real functions, under their own names.
static struct {
    __typeof__(&EVP_PKEY_Q_keygen) EVP_PKEY_Q_keygen;
// NOLINTBEGIN(bugprone-macro-parentheses): it is a field's name
#define FUNCTION(type, name, parameters, arguments) __typeof__(&(name)) name;
#define PROCEDURE(name, parameters, arguments)      __typeof__(&(name)) name;
// NOLINTEND(bugprone-macro-parentheses)
#include "libcrypto/functions.def"
#undef FUNCTION
#undef PROCEDURE
} libcrypto;

static pthread_once_t once = PTHREAD_ONCE_INIT;

// The functions have no error that says this. What is open on a PKCS#11 token ends with this process.
static _Noreturn void give_up(const char *why)
{
    char text[512];
    text_harmless(text, sizeof text, span_text(why));
    (void)dprintf(STDERR_FILENO, "ssa-hsm: OpenSSL cannot be loaded (%s)\n", text);
    _exit(SSA_UNEXPECTED);
}

static void find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    if (found == NULL)
        give_up(dlerror());
    // POSIX lets a function's address go through void *.
    *(void **)function = found;
}

static void load(void)
{
    // Most of what it has is never called: to look up all that this needs takes longer.
    void *library = dlopen(LIBCRYPTO_FILE, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL)
        give_up(dlerror());
    find(library, "EVP_PKEY_Q_keygen", &libcrypto.EVP_PKEY_Q_keygen);
#define FUNCTION(type, name, parameters, arguments) find(library, #name, &libcrypto.name);
#define PROCEDURE(name, parameters, arguments)      find(library, #name, &libcrypto.name);
#include "libcrypto/functions.def"
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
#include "libcrypto/functions.def"

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
