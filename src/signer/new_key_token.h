// The PKCS#11 token that a new key goes to.
#pragma once

#include "signer/open_token.h"

// Finds the token as open_token_of_settings does, checks that it can take a key, logs in with a session that
// may write, and chooses a card's slot.
bool open_token_for_key(const struct ssa_run *run, const struct ssa_output *output, struct open_token *at,
                        struct ssa_error *err) MUST_CHECK;
