// What a call of the API consists of.
#pragma once

#include "core/api.h"
#include "core/error.h"
#include "core/span.h"

// Room for a path with two ids in it.
#define CALL_PATH_MAX (64U + 2 * API_ID_MAX)

// All borrowed.
struct call {
    const char *method;
    const char *api; // the API that path is below; NULL: /authentication/v2
    const char *path;
    long long useless_ms; // from then on it is useless, by monotonic_ms; 0 for never
    bool paced;           // one run may send so many that it must keep the rate limit; all paced calls share one
    const char *doing;    // "making a key", the subject of "… was refused"
    const char *subject;  // what it is about; NULL: the host
    const char *detail;   // the name for the advice about its refusal; NULL for nothing
    const char *content_type;
    const char *const *headers; // further header lines, a list that ends with NULL; NULL for none
    struct span body;
    struct span secret; // the part of body that is hidden if the server echoes it; no data for none
    bool as_client;     // sent with the client's id and secret; else with the client's access token
    bool creates;       // if it is sent twice, it makes two
    bool deletes;       // if an answer was lost and the thing is gone, this call deleted it
    bool no_answer;     // nothing is read from the body of its answer
    bool assertion;     // it carries an assertion, which a wrong clock makes invalid
    // Reasons for refusals: by status if the server names no reason, and for the reasons that it names.
    enum ssa_reason on_400, on_401, on_403, on_404, on_409, on_state, on_missing, on_limit;
    enum ssa_reason on_exists; // of a creation: the name is in use
};
