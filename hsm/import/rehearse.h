// Trying with a throwaway key whether a token takes a key, and in which way.
#pragma once

#include "hsm/import/plan.h"

// The plan before any rehearsal, by the token's quirks alone. throwaway is borrowed.
struct import_plan import_plan_for(const struct token *token, const char *throwaway);

// Whether the key gets a list of the mechanisms that it may be used with (CKA_ALLOWED_MECHANISMS). Without it, raw RSA
// with the key decrypts, whatever its CKA_DECRYPT says.
bool import_plan_limits_mechanisms(const struct import_plan *plan);

// Whether there is a rehearsal for this way. For a card's slots there is none.
bool import_rehearses(const struct token *token, enum ssa_import_way way);

// Shows that a token without slots takes a key and signs with it, by a throwaway session object, or, with on_token, by
// an object that is stored. Writes into the plan how the key comes in, which parts of the template an unknown token
// takes, and whether something of the rehearsal may be left (throwaway_left). The user must be logged in. Fails with
// SSA_TOKEN where the token takes no key in an allowed way, and with SSA_PIN where the key's own login is refused,
// which is tried once.
bool import_rehearse(struct token *token, enum ssa_import_way way, bool on_token, struct import_plan *plan,
                     struct ssa_error *err) MUST_CHECK;

// How the key will come in, for people.
const char *import_way(const struct import_plan *plan);
