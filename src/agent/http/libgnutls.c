#include "agent/http/libgnutls.h"

#include <dlfcn.h>
#include <pthread.h>

#include "core/text.h"

struct libgnutls libgnutls;

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

static bool find_all(void *library)
{
    bool all = true;
#define FIND(name) all = find(library, "gnutls_" #name, &libgnutls.name) && all
    LIBGNUTLS_FUNCTIONS(FIND);
#undef FIND
    return all;
}

static void load(void)
{
    void *library = dlopen(LIBGNUTLS_FILE, RTLD_LAZY | RTLD_LOCAL);
    const char *failed = library == NULL ? dlerror() : NULL;
    loaded = library != NULL && find_all(library);
    if (!loaded)
        text_harmless(why, sizeof why, span_text(failed != NULL ? failed : LIBGNUTLS_FILE " lacks functions"));
}

bool libgnutls_load(struct ssa_error *err)
{
    if (pthread_once(&once, load) == 0 && loaded)
        return true;
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "libgnutls cannot be loaded: %s", why);
}
