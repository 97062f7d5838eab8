// The error for an answer that is not a success.
#pragma once

#include "oauth/api_call.h"
#include "oauth/client.h"
#include "oauth/http.h"

// Whether the API itself says that the account or key is not there. A gateway or another server may also answer 404,
// but in other words.
bool failure_is_gone(const struct http_response *answer);

// Whether the body is an error, whatever the status says.
bool failure_is_told(const struct http_response *answer);

// Makes the error for an answer that is not a success. Returns false.
bool failure_set(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                 struct ssa_error *err);

// Makes the error for a 2xx whose body is not as it should be. If the body is an error, the server's own words count.
// Else err->what counts, which is the fault of the body and completes "the answer is unusable: …". Returns false.
bool failure_unusable(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                      struct ssa_error *err);
