#include "agent/http/libgnutls.h"

#include <pthread.h>

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

static struct late_library library = {.file = LIBGNUTLS_FILE, .find = find};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    late_library_load(&library);
}

bool libgnutls_load(struct ssa_error *err)
{
    if (pthread_once(&once, load) == 0 && library.loaded)
        return true;
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "libgnutls cannot be loaded: %s", library.why);
}
