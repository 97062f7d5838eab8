// A key's way into the token.
#pragma once

#include "hsm/import/plan.h"
#include "hsm/key/key.h"

struct token;

// Stores the key as the plan says: with the strict template (private, sensitive, not extractable, sign
// alone), or with what of it the token takes. Where the plan is to wrap it, *holder, which numbers point
// into, is wiped before the token is given anything; else it may be wiped as soon as this returns. On failure
// nothing is left on the token but a card's throwaway key; where that could not be had, what is left stays in
// *key, as with destroy_key. The plan is good for one import.
bool import_key(struct token *token, struct import_plan *plan, const struct rsa_key *numbers, struct secret *holder,
                const struct key_name *name, struct key *key, struct ssa_error *err) MUST_CHECK;

// Reads the attributes back and has a random challenge signed, which is verified with the public half by
// OpenSSL. On a card the key then signs its own certificate, which replaces the placeholder.
bool import_prove(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err) MUST_CHECK;

// Stores the public half of a key that was located without it, where the token's quirks have one; an unknown
// token may refuse it. Fails with SSA_TOKEN.
bool import_complete(struct token *token, const struct key_name *name, struct key *key,
                     struct ssa_error *err) MUST_CHECK;

// Says whether the token can take a key and sign with it, as far as it tells without a login: not
// write-protected, RSA signing among its mechanisms. Fails with SSA_TOKEN.
bool import_check_able(const struct token *token, struct ssa_error *err) MUST_CHECK;
