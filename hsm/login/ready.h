// Whether a token is there and was read. For hsm alone.
#pragma once

#include "core/error.h"

struct token;

// Makes sure that the token is there and was read before a PIN is sent to it: a card that another process has
// just reset is seen, but does not take the PIN.
bool ready_make(struct token *token, bool writable) MUST_CHECK;

// That the session has seen what its maker put on every such card: else no slot counts as free. Fails with
// SSA_TOKEN.
bool ready_slots_must_be_read(struct token *token, struct ssa_error *err) MUST_CHECK;
// The same without an error. It is true for tokens without slots.
bool ready_slots_seem_read(struct token *token) MUST_CHECK;

// The same as an answer: *read.
bool ready_slots(struct token *token, bool *read, struct ssa_error *err) MUST_CHECK;
