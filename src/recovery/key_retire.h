// The end of a rotation: the old key goes, on both sides.
#pragma once

#include "aps/aps.h"
#include "core/ending.h"
#include "journal/journal.h"
#include "signer/open_token.h"

// Disables and deletes the old key at the API, destroys it on its token, and closes the entry. Refuses while
// a profile names it. opened is a token that is logged in to, for writing, or NULL: where the old key is on
// another, that is opened.
bool key_retire(const struct ssa_run *run, struct oauth_client *client, struct journal *j, struct open_token *opened,
                struct ssa_ending *ending, struct ssa_error *err) MUST_CHECK;
