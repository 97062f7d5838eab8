// Whether a token is there and can be read. For hsm alone.
#pragma once

#include "core/error.h"

struct token;

// Makes sure that the token is there and can be read, before a PIN is sent to it: a card that another process has just
// reset is seen, but does not take the PIN.
bool ready_make(struct token *token, bool writable) MUST_CHECK;

// Whether the session can read the card: it sees what the maker puts on every such card. *read is true for tokens
// without slots.
bool ready_slots(struct token *token, bool *read, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_TOKEN where the card cannot be read: then no slot counts as free.
bool ready_slots_must_be_read(struct token *token, struct ssa_error *err) MUST_CHECK;
