#include "keyring/libkeyutils.h"

#include <dlfcn.h>
#include <pthread.h>

#include "core/text.h"

static struct libkeyutils libkeyutils;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;
static char why[256];

static bool find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    // POSIX lets a function's address go through void *.
    *(void **)function = found;
    return found != NULL;
}

static void load(void)
{
    void *library = dlopen(LIBKEYUTILS_FILE, RTLD_LAZY | RTLD_LOCAL);
    const char *failed = library == NULL ? dlerror() : LIBKEYUTILS_FILE " lacks functions";
    loaded = library != NULL;
#define FIND(name) loaded = loaded && find(library, #name, &libkeyutils.name)
    LIBKEYUTILS_FUNCTIONS(FIND);
#undef FIND
    if (!loaded)
        text_harmless(why, sizeof why, span_text(failed));
}

const struct libkeyutils *libkeyutils_load(struct ssa_error *err)
{
    if (pthread_once(&once, load) == 0 && loaded)
        return &libkeyutils;
    error_set(err, SSA_UNEXPECTED, NULL, NULL, "libkeyutils cannot be loaded: %s", why);
    return NULL;
}
