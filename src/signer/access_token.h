// Showing that a key is good for what it is there for.
#ifndef SSA_SIGNER_ACCESS_TOKEN_H
#define SSA_SIGNER_ACCESS_TOKEN_H

#include "hsm/key/key.h"
#include "oauth/oauth.h"
#include "signer/open_token.h"

// Whose key it is. Borrowed.
struct access_token_key {
    const char *client_id, *account, *kid;
};

// Fetches an access token with the key, on a token that is logged in to, and forgets it. Fails with
// SSA_REFUSED where the API does not take the assertion, and as a fetch does.
bool access_token_try(const struct ssa_run *run, struct aps *client, const struct access_token_key *proof,
                      struct token *token, const struct key *key, struct ssa_error *err) MUST_CHECK;

#endif
