// A rehearsal and a wrapped import put session objects on a token for a moment. Some tokens turn them into objects that
// stay. Only one run uses their name (id and label), so that they are known again.
#pragma once

#include "hsm/import/plan.h"

// The key that rehearsals import. *numbers point into *der, which the caller frees.
bool throwaway_key(struct secret *der, struct rsa_key *numbers, struct ssa_error *err) MUST_CHECK;

// Destroys the objects that stay under exactly this name. *destroyed becomes how many they were. Fails with SSA_TOKEN,
// also where something is left.
bool throwaway_destroy(struct token *token, const char *name, size_t *destroyed, struct ssa_error *err) MUST_CHECK;

// After a rehearsal that may have left something: destroys what is found, and notes whether it is gone.
void throwaway_settle(struct token *token, struct import_plan *plan, bool on_token);
