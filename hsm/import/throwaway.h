// What a rehearsal and a wrapped import put on a token for a moment: session objects, of which some tokens
// make objects that stay. They have a name (id and label) that one run has, by which they are known again.
#pragma once

#include "hsm/import/plan.h"

// Destroys what is on the token under exactly this name, as objects that stay. *destroyed: how many. Fails
// with SSA_TOKEN, also where something is left.
bool throwaway_destroy(struct token *token, const char *name, size_t *destroyed, struct ssa_error *err) MUST_CHECK;

// After a rehearsal that may have left something: takes away what is found, and notes whether it is gone.
void throwaway_settle(struct token *token, struct import_plan *plan, bool on_token);
