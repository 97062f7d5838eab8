// What went wrong with a call, in an error's terms: class, cause, subject, hint.
#ifndef SSA_OAUTH_FAILURE_H
#define SSA_OAUTH_FAILURE_H

#include "oauth/call.h"
#include "oauth/error_body.h"

// Whether the way to the server broke in a manner that the next try may not meet.
bool failure_is_passing(const struct http_response *answer);

// Whether it is the server itself that says that what was named is not there: a gateway, or another server
// than the API's, says 404 of everything, and not in these words.
bool failure_is_gone(const struct http_response *answer);

// What the server gives as the reason; REASON_NONE where it gives none, or there is no answer.
enum reason failure_reason(const struct http_response *answer);

// Whether a 2xx holds an error all the same.
bool failure_is_told(const struct http_response *answer);

// The error for an answer that is no success. Returns false.
bool failure_set(const struct aps *client, const struct call *call, const struct http_response *answer,
                 struct ssa_error *err);

// The error for a call that was not begun, because the time was over. Returns false.
bool failure_no_time(const struct aps *client, const struct call *call, struct ssa_error *err);

// The error for a 2xx with a body that is not what it should be: the server's own words where it holds an
// error, else why, which completes "the answer …". Returns false.
bool failure_unusable(const struct aps *client, const struct call *call, const struct http_response *answer,
                      const char *why, struct ssa_error *err);

#endif
