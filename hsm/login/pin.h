// What a token tells about a PIN, and the errors of logins. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/token/pin_giver.h"

struct token;

// Whether a login that returned rv spent a try. The second is for the user's login at the session's start.
enum pin_outcome pin_outcome_of(CK_RV rv);
enum pin_outcome pin_login_outcome(CK_RV rv);

// To be called before each login of the user but the first: where the token has a pad, a person is told to type the PIN
// there again.
void pin_pad_again(const struct token *token);

// Fails with SSA_PIN where the flags say that no PIN can be right.
bool pin_may_be_tried(const struct token *token, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_PIN where the PIN's length cannot be right: some tokens would count that as a try.
bool pin_has_right_length(const struct token *token, const struct secret *pin, struct ssa_error *err) MUST_CHECK;

// Makes the error of a login that returned rv.
bool pin_login_failed(struct ssa_error *err, const struct token *token, CK_RV rv);

// Makes the error that the token is gone, or its module's process is over, before the PIN was sent.
bool pin_not_sent(struct ssa_error *err, const struct token *token);

// Makes the error that others have spent tries since this PIN was asked for.
bool pin_is_used_up(struct ssa_error *err, const struct token *token);
