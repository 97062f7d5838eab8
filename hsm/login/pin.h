// What a token says of a PIN. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/token/pin_giver.h"

struct token;

// Whether a login that gave rv spent a try.
enum pin_outcome pin_outcome_of(CK_RV rv);

// Before the user's login but the first: has a person told who is to type the PIN at the token's pad, where
// it has one.
void pin_pad_again(const struct token *token);

// Whether the user's login that gave rv spent a try.
enum pin_outcome pin_login_outcome(CK_RV rv);

// Fails with SSA_PIN where the flags say that no PIN can be right.
bool pin_may_be_tried(const struct token *token, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_PIN where the PIN's length cannot be right.
bool pin_has_right_length(const struct token *token, const struct secret *pin, struct ssa_error *err) MUST_CHECK;

// The error of a login that gave rv.
bool pin_login_failed(struct ssa_error *err, const struct token *token, CK_RV rv);

// Fails with SSA_PIN: others have spent tries since this PIN was asked for.
bool pin_is_used_up(struct ssa_error *err, const struct token *token);
