// A token that was lost while it was open, or may have been. For hsm alone.
#pragma once

#include "core/error.h"
#include "hsm/cryptoki/cryptoki.h"

struct token;

// How long, and how often, something that another process's login may hide for a moment is looked for again.
enum { PATIENCE_MS = 1000, PATIENCE_STEP_MS = 50 };
void token_pause(void);

// Whether rv says that the module lost the token, so that a fresh start may find it again.
bool token_is_lost(const struct token *token, CK_RV rv);

// Starts the module afresh, finds the same token in it, reads its flags, and opens a session. False where the
// token is not there, or is another.
bool token_reopen(struct token *token, bool writable) MUST_CHECK;

// Whether the token is in its slot, and the same one; its flags are fresh then.
bool token_is_there(struct token *token) MUST_CHECK;
