// More sessions of one login, in which several threads sign at the same time.
#pragma once

#include "core/error.h"

struct token;

// Whether the token's module lets several threads call it, and the token has something from that.
bool token_takes_lanes(const struct token *token);

// Opens a session beside that of the token, which is logged in, with a connection of its own. It has no PIN, and it
// never logs in or out. NULL with err filled where that fails.
struct token *token_lane_open(const struct token *token, struct ssa_error *err) MUST_CHECK;

// Closes the session. *lane may be NULL. The token's module must not have been closed before.
void token_lane_close(struct token **lane);
