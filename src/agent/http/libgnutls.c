#include "agent/http/libgnutls.h"

#include "core/late_library.h"

struct libgnutls libgnutls;

static bool find(void *from)
{
    bool all = true;
#define FIND(name) all = late_library_find(from, "gnutls_" #name, &libgnutls.name) && all
    LIBGNUTLS_FUNCTIONS(FIND);
#undef FIND
    return all;
}

// In the program, it does not start itself when it is loaded (src/libraries/libgnutls.c).
static const char *begin(void)
{
    const int failed = libgnutls.global_init();
    return failed < 0 ? libgnutls.strerror(failed) : NULL;
}

static struct late_library library = {
    .name = "libgnutls", .file = LIBGNUTLS_FILE, .find = find, .begin = begin, .mutex = PTHREAD_MUTEX_INITIALIZER};

bool libgnutls_load(struct ssa_error *err)
{
    return late_library_ready(&library, err);
}
