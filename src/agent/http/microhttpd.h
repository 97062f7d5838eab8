// libmicrohttpd, which is loaded when an agent starts: the program's other commands must not pay for it.
#pragma once

#include <microhttpd.h>

#include "core/error.h"

#define MICROHTTPD_FUNCTIONS(each)                                                                                     \
    each(add_connection);                                                                                              \
    each(add_response_header);                                                                                         \
    each(create_response_from_buffer_with_free_callback_cls);                                                          \
    each(destroy_response);                                                                                            \
    each(get_connection_info);                                                                                         \
    each(get_connection_values);                                                                                       \
    each(lookup_connection_value);                                                                                     \
    each(queue_response);                                                                                              \
    each(resume_connection);                                                                                           \
    each(start_daemon);                                                                                                \
    each(stop_daemon);                                                                                                 \
    each(suspend_connection)

// Its functions without their prefix: MHD_start_daemon is microhttpd.start_daemon.
struct microhttpd {
#define MICROHTTPD_FIELD(name) __typeof__(&MHD_##name) name
    MICROHTTPD_FUNCTIONS(MICROHTTPD_FIELD);
#undef MICROHTTPD_FIELD
};
extern struct microhttpd microhttpd;

// Loads it, once for all threads. Before that, none of its functions may be called. Fails with SSA_UNEXPECTED.
bool microhttpd_load(struct ssa_error *err) MUST_CHECK;
