#include "oauth/libcurl.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/late_library.h"
#include "core/text.h"
#include "oauth/libcurl_wipe.h"

struct libcurl libcurl;

static atomic_bool wipes;

static bool find(void *from)
{
    bool all = true;
#define FIND(name) all = late_library_find(from, "curl_" #name, &libcurl.name) && all
    LIBCURL_FUNCTIONS(FIND);
#undef FIND
    return all;
}

static struct late_library library = {.file = LIBCURL_FILE, .find = find};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    late_library_load(&library);
    if (!library.loaded)
        return;
    const CURLcode code = libcurl_wipes_memory() ? libcurl_init_wiping() : libcurl.global_init(CURL_GLOBAL_DEFAULT);
    library.loaded = code == CURLE_OK;
    if (!library.loaded)
        text_harmless(library.why, sizeof library.why, span_text(libcurl.easy_strerror(code)));
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
    if (pthread_once(&once, load) == 0 && library.loaded)
        return true;
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "libcurl cannot be started: %s", library.why);
}
