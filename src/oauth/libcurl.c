#include "oauth/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/text.h"
#include "oauth/libcurl_wipe.h"

struct libcurl libcurl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;
static atomic_bool wipes;
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
#define FIND(name) all = find(library, "curl_" #name, &libcurl.name) && all
    LIBCURL_FUNCTIONS(FIND);
#undef FIND
    return all;
}

static void note(const char *text)
{
    text_harmless(why, sizeof why, span_text(text));
}

static void load(void)
{
    // Most functions of what it brings are never called: to look up all of them takes milliseconds.
    void *library = dlopen(LIBCURL_FILE, RTLD_LAZY | RTLD_LOCAL);
    const char *failed = library == NULL ? dlerror() : NULL;
    if (library == NULL || !find_all(library)) {
        note(failed != NULL ? failed : LIBCURL_FILE " lacks functions");
        return;
    }
    const CURLcode code = libcurl_wipes_memory() ? libcurl_init_wiping() : libcurl.global_init(CURL_GLOBAL_DEFAULT);
    loaded = code == CURLE_OK;
    if (!loaded)
        note(libcurl.easy_strerror(code));
}

void libcurl_wipe_memory(void)
{
    atomic_store(&wipes, true);
}

bool libcurl_wipes_memory(void)
{
    return atomic_load(&wipes);
}

bool libcurl_load(struct ssa_error *err)
{
    if (pthread_once(&once, load) == 0 && loaded)
        return true;
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "libcurl cannot be started: %s", why);
}
