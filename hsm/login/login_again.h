// Logging in once more with a PIN that was right. For hsm alone.
#pragma once

#include "core/error.h"
#include "hsm/cryptoki/cryptoki.h"

struct token;

// Makes who (CKU_USER, CKU_SO) the one who is logged in, with the PIN that was right before.
bool login_as(struct token *token, CK_USER_TYPE who, struct ssa_error *err) MUST_CHECK;

// Whether another process may have reset the card, and the PIN that was right can be sent again.
bool login_may_be_reset(const struct token *token);

// Starts the module afresh and logs in as the user.
bool login_begin_anew(struct token *token, struct ssa_error *err) MUST_CHECK;
