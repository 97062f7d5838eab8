// Preloaded: writes each secret that RAND_priv_bytes makes into the file that OVERHEARD names, from where it
// is, and each key that was wrapped into that of OVERHEARD_WRAPPED: they come from nowhere else, and could not be
// searched for otherwise.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

enum { WRAP_MODE = 0x10002 }; // EVP_CIPH_WRAP_MODE

// Whether the function that is linked here is meant: a module brings a library of its own, which is not listened to.
static int next(const char *name, void **function)
{
    *function = dlsym(RTLD_NEXT, name);
    if (*function != NULL) {
        return 1;
    }
    void *library = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_NOLOAD);
    *function = library == NULL ? NULL : dlsym(library, name);
    if (*function == NULL) {
        _exit(3);
    }
    dlclose(library);
    return 0;
}

static void note(const char *variable, const unsigned char *bytes, size_t count)
{
    const char *path = getenv(variable);
    const int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0 || write(file, bytes, count) != (ssize_t)count) {
        _exit(3);
    }
    close(file);
}

int RAND_priv_bytes(unsigned char *bytes, int count)
{
    int (*made_by)(unsigned char *, int) = NULL;
    const int ours = next("RAND_priv_bytes", (void **)&made_by);
    const int result = made_by(bytes, count);
    if (ours && result == 1) {
        note("OVERHEARD", bytes, (size_t)count);
    }
    return result;
}

static int is_wrapping(const void *context)
{
    const void *(*cipher_of)(const void *) = NULL;
    int (*mode_of)(const void *) = NULL;
    (void)next("EVP_CIPHER_CTX_get0_cipher", (void **)&cipher_of);
    (void)next("EVP_CIPHER_get_mode", (void **)&mode_of);
    return mode_of(cipher_of(context)) == WRAP_MODE;
}

int EVP_EncryptUpdate(void *context, unsigned char *out, int *out_len, const unsigned char *in, int in_len)
{
    int (*made_by)(void *, unsigned char *, int *, const unsigned char *, int) = NULL;
    const int ours = next("EVP_EncryptUpdate", (void **)&made_by);
    const int result = made_by(context, out, out_len, in, in_len);
    if (ours && result == 1 && out != NULL && is_wrapping(context)) {
        note("OVERHEARD_WRAPPED", out, (size_t)*out_len);
    }
    return result;
}

int EVP_PKEY_encrypt(void *context, unsigned char *out, size_t *out_len, const unsigned char *in, size_t in_len)
{
    int (*made_by)(void *, unsigned char *, size_t *, const unsigned char *, size_t) = NULL;
    const int ours = next("EVP_PKEY_encrypt", (void **)&made_by);
    const int result = made_by(context, out, out_len, in, in_len);
    if (ours && result == 1 && out != NULL) {
        note("OVERHEARD_WRAPPED", out, *out_len);
    }
    return result;
}
