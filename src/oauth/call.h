// One call of the API. It is sent, and sent again if that is safe and there is time. Then its answer is judged.
#pragma once

#include "oauth/api_call.h"
#include "oauth/client.h"
#include "oauth/http.h"

// Fills the call's request, which points into call, client and url. url receives its URL.
bool call_request(struct oauth_client *client, const struct call *call, char url[static URL_MAX],
                  struct http_request *request, struct ssa_error *err) MUST_CHECK;

// Fails if the call needs the client secret and that is not known yet.
bool call_has_credentials(const struct oauth_client *client, const struct call *call, struct ssa_error *err) MUST_CHECK;

// Makes the call. answer->body is the caller's buffer. With tried, the caller made the first try, and *answer holds its
// result. Returns true if the server has done it (2xx, with the whole body). On failure *outcome (which may be NULL)
// says what may have happened. With OAUTH_DONE, answer->body holds the part of the body that arrived.
bool call_make(struct oauth_client *client, const struct call *call, struct http_response *answer, bool tried,
               enum oauth_outcome *outcome, struct ssa_error *err) MUST_CHECK;
