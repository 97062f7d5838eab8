// What an answer that is no success means, as an error.
#pragma once

#include "oauth/call.h"

// Whether the server itself says that what was named is not there. A gateway, or another server than the
// API's, answers 404 to everything, in other words.
bool failure_is_gone(const struct http_response *answer);

// Whether the body is an error, whatever the status says.
bool failure_is_told(const struct http_response *answer);

// The error for an answer that is no success. Returns false.
bool failure_set(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                 struct ssa_error *err);

// The error for a 2xx whose body is not what it should be: the server's own words where the body is an error,
// else why, which completes "the answer is unusable: …". Returns false.
bool failure_unusable(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                      const char *why, struct ssa_error *err);
