// Fetching an access token.
#pragma once

#include "hsm/key/key.h"
#include "hsm/token/token.h"
#include "oauth/oauth.h"

// Whose key it is. Borrowed.
struct access_token_key {
    const char *client_id, *account, *kid;
};

// Proves that a key works: fetches an access token with it, and does not keep that. The user is logged in to the
// PKCS#11 token. Fails with SSA_REFUSED where the API does not accept the assertion, and as ssa_fetch does.
bool access_token_try(const struct ssa_run *run, struct oauth_client *client, const struct access_token_key *whose,
                      struct token *token, const struct key *key, struct ssa_error *err) MUST_CHECK;
