#include "oauth/libcurl.h"

#include <stdatomic.h>
#include <stddef.h>

#include "core/fork_mutex.h"
#include "core/late_library.h"
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

static const char *begin(void)
{
    const CURLcode code = libcurl_wipes_memory() ? libcurl_init_wiping() : libcurl.global_init(CURL_GLOBAL_DEFAULT);
    return code == CURLE_OK ? NULL : libcurl.easy_strerror(code);
}

// Of thirty, these have most of the symbols.
static const char *const brings[] = {LIBCRYPTO_FILE, LIBSSL_FILE, LIBGNUTLS_FILE, NULL};

static struct late_library library = {.name = "libcurl",
                                      .file = LIBCURL_FILE,
                                      .brings = brings,
                                      .find = find,
                                      .begin = begin,
                                      .mutex = PTHREAD_MUTEX_INITIALIZER};
FORK_MUTEX(library.mutex, FORK_MUTEX_INNER);

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
    return late_library_ready(&library, err);
}
