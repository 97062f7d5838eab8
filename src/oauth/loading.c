// Loading libcurl while something else is waited for.
#include "core/thread.h"
#include "oauth/libcurl.h"
#include "oauth/oauth.h"

enum { THREAD_STACK = 256 * 1024 };

static void *load(void *context)
{
    // Whoever needs it is told.
    return libcurl_load(ERROR_IGNORED) ? context : NULL;
}

void oauth_load_begin(struct oauth_loading *loading)
{
    loading->started = thread_start(&loading->thread, THREAD_STACK, load, NULL);
}

void oauth_load_end(struct oauth_loading *loading)
{
    if (loading->started)
        (void)pthread_join(loading->thread, NULL);
    loading->started = false;
}
