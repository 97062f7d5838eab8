// One call of the API: it is sent, sent again where that is safe and there is time, and judged.
#pragma once

#include "oauth/client.h"
#include "oauth/http.h"

// Room for a path below /authentication/v2, with two ids in it.
#define CALL_PATH_MAX (64U + 2 * API_ID_MAX)

// All borrowed.
struct call {
    const char *method;
    const char *path;     // below /authentication/v2
    long long useless_ms; // when it becomes useless, by monotonic_ms; 0 for never
    bool paced;           // one run may send so many that the rate limit counts; all paced calls share one pace
    const char *doing;    // "making a key", the subject of "… was refused"
    const char *subject;  // what it is about; NULL: the host
    const char *detail;   // what advice about its refusal must name; NULL for nothing
    const char *content_type;
    struct span body;
    struct span secret; // the part of body that must not be shown if the server echoes it; no data for none
    bool as_client;     // sent with id and secret of the client; else with the client's access token
    bool creates;       // sent twice, it would make two
    bool deletes;       // what is missing after a lost answer was deleted by this call
    bool no_answer;     // nothing is read from the body of its answer
    bool assertion;     // it carries an assertion, which a wrong clock spoils
    // Reasons for refusals: by status where the server names none, and for what it names.
    enum ssa_reason on_400, on_403, on_state, on_missing, on_limit;
};

// Fills the request that the call makes, which points into call, client and url. url is room for its URL.
bool call_request(struct oauth_client *client, const struct call *call, char url[static URL_MAX],
                  struct http_request *request, struct ssa_error *err) MUST_CHECK;

// Fails where the call needs the client secret, and that is not known yet.
bool call_has_credentials(const struct oauth_client *client, const struct call *call, struct ssa_error *err) MUST_CHECK;

// Makes the call. answer->body is the caller's buffer. With tried, a first try was made elsewhere, *answer
// holds how it went, and call_make goes on from there. True when the server has done it (2xx, with the whole
// body). On failure *outcome (which may be NULL) says what may have happened; with OAUTH_DONE, answer->body
// holds what arrived of the body.
bool call_make(struct oauth_client *client, const struct call *call, struct http_response *answer, bool tried,
               enum oauth_outcome *outcome, struct ssa_error *err) MUST_CHECK;
