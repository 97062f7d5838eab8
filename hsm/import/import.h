// Importing a key into a token.
#pragma once

#include "hsm/import/plan.h"
#include "hsm/key/key.h"

struct token;

// Stores the key as the plan says: with the strict template (private, sensitive, not extractable, only for signing), or
// with the parts of it that the token takes. numbers point into *holder. Where the plan wraps the key, *holder is wiped
// before the token is given anything; otherwise the caller may wipe it afterwards. On failure nothing is left on the
// token but a card's throwaway key. Objects that could not be destroyed stay in *key, as with destroy_key. A plan
// serves one import.
bool import_key(struct token *token, struct import_plan *plan, const struct rsa_key *numbers, struct secret *holder,
                const struct key_name *name, struct key *key, struct ssa_error *err) MUST_CHECK;

// Reads the attributes back and has a random challenge signed, which OpenSSL verifies with the public half. On a card
// the key then signs its own certificate, which replaces the placeholder.
bool import_prove(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err) MUST_CHECK;

// Stores the public half of a key that was located without it, where this kind of token stores one. An unknown token
// may refuse it. Fails with SSA_TOKEN.
bool import_complete(struct token *token, const struct key_name *name, struct key *key,
                     struct ssa_error *err) MUST_CHECK;

// Fails with SSA_TOKEN where the token cannot take a key or sign with it, as far as it tells without a login: it is
// write-protected, or offers no RSA signatures.
bool import_check_able(const struct token *token, struct ssa_error *err) MUST_CHECK;
