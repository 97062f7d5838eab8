// Answers, from wiped and locked memory.
#pragma once

#include "agent/http/failure.h"
#include "agent/http/microhttpd.h"

// An answer that begins to be sent from body, which is taken over and freed when the last connection has sent it. NULL
// where there is no memory. type is the media type.
struct MHD_Response *reply_make(struct secret *body, const char *type);
#define REPLY_JSON "application/json"

// A failure's. retry_after 0: not told. pin_socket may be NULL. allow is the method that would be right, or NULL.
struct MHD_Response *reply_failure(enum failure failed, const struct ssa_error *err, unsigned retry_after,
                                   const char *pin_socket, const char *allow);

// A failure as the API's token endpoint tells it. developer_message and allow may be NULL.
struct reply_oauth {
    const char *error, *description, *developer_message;
    unsigned retry_after; // 0: not told
    const char *allow;    // the method that would be right
    bool authenticate;    // says how a caller proves who it is
    bool close;           // ends the connection
};
struct MHD_Response *reply_oauth(const struct reply_oauth *reply);

// {"NAME":"TEXT"}; of a secret text, too.
struct MHD_Response *reply_text(const char *name, struct span text);
