// Preloaded: writes each secret that RAND_priv_bytes makes for the program into the file that OVERHEARD names, from
// where it is, and each key that was wrapped into that of OVERHEARD_WRAPPED: they come from nowhere else, and could not
// be searched for otherwise. The program looks its functions up by dlsym; a module is bound to a library of its own,
// which is not listened to.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRAP_MODE = 0x10002 }; // EVP_CIPH_WRAP_MODE

typedef void *look_up(void *library, const char *name);

static void note(const char *variable, const unsigned char *bytes, size_t count)
{
    const char *path = getenv(variable);
    const int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0 || write(file, bytes, count) != (ssize_t)count) {
        _exit(3);
    }
    close(file);
}

// What the program would have found.
static int (*real_rand)(unsigned char *, int);
static int (*real_update)(void *, unsigned char *, int *, const unsigned char *, int);
static int (*real_encrypt)(void *, unsigned char *, size_t *, const unsigned char *, size_t);
static const void *(*cipher_of)(const void *);
static int (*mode_of)(const void *);

static int heard_rand(unsigned char *bytes, int count)
{
    const int result = real_rand(bytes, count);
    if (result == 1) {
        note("OVERHEARD", bytes, (size_t)count);
    }
    return result;
}

static int heard_update(void *context, unsigned char *out, int *out_len, const unsigned char *in, int in_len)
{
    const int result = real_update(context, out, out_len, in, in_len);
    if (result == 1 && out != NULL && mode_of(cipher_of(context)) == WRAP_MODE) {
        note("OVERHEARD_WRAPPED", out, (size_t)*out_len);
    }
    return result;
}

static int heard_encrypt(void *context, unsigned char *out, size_t *out_len, const unsigned char *in, size_t in_len)
{
    const int result = real_encrypt(context, out, out_len, in, in_len);
    if (result == 1 && out != NULL) {
        note("OVERHEARD_WRAPPED", out, *out_len);
    }
    return result;
}

static look_up *real_look_up(void)
{
    static look_up *found;
    if (found == NULL) {
        found = (look_up *)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    }
    if (found == NULL) {
        found = (look_up *)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    }
    if (found == NULL) {
        _exit(3);
    }
    return found;
}

// A look-up among all libraries goes by who asks: it is left as it is, as the last thing that this does.
void *dlsym(void *library, const char *name)
{
    look_up *look = real_look_up();
    if (library != RTLD_NEXT && library != RTLD_DEFAULT) {
        if (strcmp(name, "RAND_priv_bytes") == 0) {
            *(void **)&real_rand = look(library, name);
            return (void *)heard_rand;
        }
        if (strcmp(name, "EVP_EncryptUpdate") == 0) {
            *(void **)&real_update = look(library, name);
            *(void **)&cipher_of = look(library, "EVP_CIPHER_CTX_get0_cipher");
            *(void **)&mode_of = look(library, "EVP_CIPHER_get_mode");
            return (void *)heard_update;
        }
        if (strcmp(name, "EVP_PKEY_encrypt") == 0) {
            *(void **)&real_encrypt = look(library, name);
            return (void *)heard_encrypt;
        }
    }
    return look(library, name);
}
