// The end of a rotation: the old key is deleted at the API and on its PKCS#11 token.
#pragma once

#include "aps/aps.h"
#include "journal/journal.h"
#include "signer/open_token.h"

// Disables and deletes the old key at the API, destroys it on its token, and closes the entry. Refuses while a profile
// names it. opened is a token with a session that may write, or it is not open. Where the old key is on another token,
// that one is opened.
bool key_retire(const struct ssa_run *run, struct oauth_client *client, struct journal *j, struct open_token *opened,
                struct ssa_ending *ending, struct ssa_error *err) MUST_CHECK;
