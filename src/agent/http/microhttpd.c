#include "agent/http/microhttpd.h"

#include <pthread.h>

#include "core/late_library.h"

struct microhttpd microhttpd;

static bool find(void *from)
{
    bool all = true;
#define FIND(name) all = late_library_find(from, "MHD_" #name, &microhttpd.name) && all
    MICROHTTPD_FUNCTIONS(FIND);
#undef FIND
    return all;
}

static struct late_library library = {.file = MICROHTTPD_FILE, .find = find};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    late_library_load(&library);
}

bool microhttpd_load(struct ssa_error *err)
{
    if (pthread_once(&once, load) == 0 && library.loaded)
        return true;
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "libmicrohttpd cannot be loaded: %s", library.why);
}
