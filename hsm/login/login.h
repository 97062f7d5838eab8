// Logging in to a token.
#pragma once

#include "hsm/token/pin_giver.h"

struct token;

// Opens a session and logs in as the user; what giver refers to must live as long as the token. The PIN is
// tried once, never where its length or the flags say it cannot be right, and kept in locked memory for keys
// that want a login for each signature. Fails with SSA_PIN or SSA_TOKEN.
bool login_user(struct token *token, bool writable, const struct pin_giver *giver, struct ssa_error *err) MUST_CHECK;

// For an import, after the user's login: where the token's quirks demand it (a PIV card's management key),
// the security officer logs in instead of the user; so gives that PIN. Elsewhere it does nothing.
bool login_officer(struct token *token, const struct pin_giver *so, struct ssa_error *err) MUST_CHECK;

// What people call the security officer's PIN on this token; NULL where an import does not need it. *factory
// is its value on a token whose owner has not changed it, or NULL.
const char *login_so_pin_name(const struct token *token, const char **factory);
