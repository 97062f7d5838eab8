// The errors for requests that fail on their way to the server.
#pragma once

#include "oauth/api_call.h"
#include "oauth/client.h"
#include "oauth/http.h"

// Whether the next try may succeed.
bool network_passes(const struct oauth_client *client, const struct http_response *answer);

// Makes the error for a transfer that did not end with a whole answer. Returns false.
bool network_set(const struct oauth_client *client, const struct call *call, const struct http_response *answer,
                 struct ssa_error *err);

// Makes the error for a call for which no time is left. Returns false.
bool network_no_time(const struct oauth_client *client, const struct call *call, struct ssa_error *err);
