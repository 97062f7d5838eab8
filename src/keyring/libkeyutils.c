#include "keyring/libkeyutils.h"

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

static struct late_library library = {
    .name = "libkeyutils", .file = LIBKEYUTILS_FILE, .find = find, .mutex = PTHREAD_MUTEX_INITIALIZER};

const struct libkeyutils *libkeyutils_load(struct ssa_error *err)
{
    return late_library_ready(&library, err) ? &libkeyutils : NULL;
}
