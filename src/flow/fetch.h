// Showing that a key is good for what it is there for.
#ifndef SSA_FLOW_FETCH_H
#define SSA_FLOW_FETCH_H

#include "aps/aps.h"
#include "flow/open.h"
#include "hsm/key.h"

// Whose key it is. Borrowed.
struct proof {
    const char *client_id, *account, *kid;
};

// Fetches an access token with the key, on a token that is logged in to, and forgets it. Fails with
// SSA_REFUSED where the API does not take the assertion, and as a fetch does.
bool fetch_proof(const struct ssa_run *run, struct aps *client, const struct proof *proof,
                 struct token *token, const struct key *key, struct ssa_error *err) MUST_CHECK;

#endif
