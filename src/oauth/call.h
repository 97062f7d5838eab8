// One call of the API: sent, repeated where that is safe and there is time, and judged.
#ifndef SSA_OAUTH_CALL_H
#define SSA_OAUTH_CALL_H

#include "oauth/client.h"
#include "oauth/http.h"

// Room for a path below /authentication/v2, with two ids in it.
#define CALL_PATH_MAX (64U + 2 * APS_ID_MAX)

// All borrowed.
struct call {
    const char *method;
    const char *path;     // below /authentication/v2
    long long useless_ms; // of monotonic_ms: from then on it would be refused; 0 for never
    struct pace *pace;    // of the endpoint; NULL where one run cannot come near the limit
    const char *doing;    // "making a key", the subject of "… was refused"
    const char *subject;  // which account or key; NULL: the host
    const char *content_type;
    struct span body;
    struct span secret; // in it, what must not be shown should the server echo it; no data for none
    bool as_client;     // with id and secret of the client; else with the two-legged token
    bool creates;       // a second time would make a second one
    bool deletes;       // what is not there after a lost answer is deleted
    bool no_answer;     // its answer has no body that anything is read of
    bool assertion;     // carries an assertion, which a wrong clock spoils
    const char *hint_400, *hint_403, *hint_404; // what to do; NULL for nothing to say
};

// Fills the request that the call makes; url is room for its URL. It points into call, client and url.
bool call_request(struct aps *client, const struct call *call, char url[static URL_MAX],
                  struct http_request *request, struct ssa_error *err) MUST_CHECK;

// Fails where the call is made with the client secret, and nobody has told it yet.
bool call_has_credentials(const struct aps *client, const struct call *call,
                          struct ssa_error *err) MUST_CHECK;

// Makes the call. answer->body is the caller's buffer. With tried, *answer holds how a first try went, made
// elsewhere, and it goes on from there. True when the server has done it (2xx, with the whole body). On
// failure *outcome (which may be NULL) says what may have happened; after APS_DONE, answer->body is what came
// of the body.
bool call_make(struct aps *client, const struct call *call, struct http_response *answer, bool tried,
               enum aps_outcome *outcome, struct ssa_error *err) MUST_CHECK;

#endif
