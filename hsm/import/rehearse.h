// Whether a token takes a key, and in which way: shown with a throwaway one.
#pragma once

#include "hsm/import/plan.h"

// Whether there is a rehearsal for this way: not for a card's slots.
bool import_rehearses(const struct token *token, enum ssa_import_way way);

// Shows by a throwaway session object, or, on_token, by one on it, that a token without slots takes a key and
// signs then. How it comes in, and what of the template an unknown token does not know, goes into the plan,
// which was made by import_plan_for; throwaway_left says that something of the rehearsal may be left. The
// user is logged in. Fails with SSA_TOKEN where the token takes no key in the ways that are allowed, with
// SSA_PIN where the key's own login is refused: that is tried once.
bool import_rehearse(struct token *token, enum ssa_import_way way, bool on_token, struct import_plan *plan,
                     struct ssa_error *err) MUST_CHECK;

// How the key is going to come in, for people.
const char *import_way(const struct import_plan *plan);
