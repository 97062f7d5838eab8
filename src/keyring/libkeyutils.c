#include "keyring/libkeyutils.h"

#include <pthread.h>

#include "core/late_library.h"

static struct libkeyutils libkeyutils;

static bool find(void *from)
{
    bool all = true;
#define FIND(name) all = all && late_library_find(from, #name, &libkeyutils.name)
    LIBKEYUTILS_FUNCTIONS(FIND);
#undef FIND
    return all;
}

static struct late_library library = {.file = LIBKEYUTILS_FILE, .find = find};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    late_library_load(&library);
}

const struct libkeyutils *libkeyutils_load(struct ssa_error *err)
{
    if (pthread_once(&once, load) == 0 && library.loaded)
        return &libkeyutils;
    error_set(err, SSA_UNEXPECTED, NULL, NULL, "libkeyutils cannot be loaded: %s", library.why);
    return NULL;
}
