// A token's one session. For hsm alone.
#pragma once

#include "core/error.h"

struct token;

// Opens the token's one session, where it is not open yet.
bool session_open(struct token *token, bool writable, struct ssa_error *err) MUST_CHECK;

// Logs out and closes it, where it is open.
void session_close(struct token *token);

// Closes the session and opens another, in which nobody is logged in. For a new session, modules read a card again.
bool session_renew(struct token *token, struct ssa_error *err) MUST_CHECK;
