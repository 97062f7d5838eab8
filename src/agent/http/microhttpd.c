#include "agent/http/microhttpd.h"

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

static struct late_library library = {
    .name = "libmicrohttpd", .file = MICROHTTPD_FILE, .find = find, .mutex = PTHREAD_MUTEX_INITIALIZER};

bool microhttpd_load(struct ssa_error *err)
{
    return late_library_ready(&library, err);
}
