// libcurl, which is loaded when it is needed first. Together with what it brings it takes longer to load than the rest
// of the program, and most of what happens before a connection is made can do without it.
#pragma once

#include <curl/curl.h>

#include "core/error.h"

#define LIBCURL_FUNCTIONS(each)                                                                                        \
    each(easy_cleanup);                                                                                                \
    each(easy_getinfo);                                                                                                \
    each(easy_header);                                                                                                 \
    each(easy_init);                                                                                                   \
    each(easy_reset);                                                                                                  \
    each(easy_setopt);                                                                                                 \
    each(easy_strerror);                                                                                               \
    each(free);                                                                                                        \
    each(getdate);                                                                                                     \
    each(global_init);                                                                                                 \
    each(global_init_mem);                                                                                             \
    each(multi_add_handle);                                                                                            \
    each(multi_cleanup);                                                                                               \
    each(multi_info_read);                                                                                             \
    each(multi_init);                                                                                                  \
    each(multi_perform);                                                                                               \
    each(multi_poll);                                                                                                  \
    each(multi_remove_handle);                                                                                         \
    each(slist_append);                                                                                                \
    each(slist_free_all);                                                                                              \
    each(url);                                                                                                         \
    each(url_cleanup);                                                                                                 \
    each(url_get);                                                                                                     \
    each(url_set);                                                                                                     \
    each(version_info)

// Its functions without their prefix: curl_easy_init is libcurl.easy_init.
struct libcurl {
#define LIBCURL_FIELD(name) __typeof__(&curl_##name) name
    LIBCURL_FUNCTIONS(LIBCURL_FIELD);
#undef LIBCURL_FIELD
};
extern struct libcurl libcurl;

// Loads and starts it, once for all threads. Before that, none of its functions may be called. Fails with
// SSA_UNEXPECTED.
bool libcurl_load(struct ssa_error *err) MUST_CHECK;

// Has libcurl, and TLS, wipe the memory that they free (libcurl_wipe.h). Where libcurl is in use already, it only
// counts for TLS.
void libcurl_wipe_memory(void);
bool libcurl_wipes_memory(void);
