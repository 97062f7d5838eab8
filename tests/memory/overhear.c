// Preloaded: writes each secret that RAND_priv_bytes makes into the file that OVERHEARD names, from where it
// is; the key that wraps another comes from nowhere else, and could not be searched for otherwise.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef int made_by(unsigned char *bytes, int count);

int RAND_priv_bytes(unsigned char *bytes, int count)
{
    made_by *next = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "RAND_priv_bytes");
    const char *path = getenv("OVERHEARD");
    if (next == NULL || path == NULL) {
        _exit(3);
    }
    const int result = next(bytes, count);
    const int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (result == 1 && (file < 0 || write(file, bytes, (size_t)count) != count)) {
        _exit(3);
    }
    if (file >= 0) {
        close(file);
    }
    return result;
}
