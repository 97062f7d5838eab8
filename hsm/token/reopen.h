// A token that was or may have been lost while it was open. For hsm alone.
#pragma once

#include "core/error.h"
#include "hsm/cryptoki/cryptoki.h"

struct token;

// Another process's login may hide a token for a moment: so long it is looked for again, with such pauses.
enum { PATIENCE_MS = 1000, PATIENCE_STEP_MS = 50 };

// Whether rv means that the module lost the token: then a fresh start may find it again.
bool token_is_lost(const struct token *token, CK_RV rv);

// Starts the module afresh, finds the same token in it, reads its flags, and opens a session. False where the token is
// not there.
bool token_reopen(struct token *token, bool writable) MUST_CHECK;

// Why nothing can be asked of a token that is not there: CKR_TOKEN_NOT_PRESENT, unless its module's process is over.
CK_RV token_gone(const struct token *token);

// Whether the same token is still in its slot. If so, its flags are read again.
bool token_is_there(struct token *token) MUST_CHECK;
