// The PKCS#11 token that a new key goes to.
#pragma once

#include "signer/open_token.h"

// Finds the token as open_token_of_settings does, and checks that a key can be imported. Logs in with a session that
// may write, and chooses the slot of a card.
bool open_token_for_key(const struct ssa_run *run, const struct ssa_output *output, struct open_token *at,
                        struct ssa_error *err) MUST_CHECK;
