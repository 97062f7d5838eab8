// Finding the key that a URI names.
#pragma once

#include "hsm/key/key.h"
#include "hsm/uri/uri.h"

struct token;

// Finds the private key with the URI's id and label. Fails with SSA_KEY_MISSING (none) or SSA_CONFIG (several).
bool key_find(struct token *token, const struct uri *uri, struct key *key, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_CONFIG where the token already holds an object with the key's id. Of a slot whose key is to be
// replaced, nothing is checked.
bool key_check_free(struct token *token, const struct key_name *name, struct ssa_error *err) MUST_CHECK;
