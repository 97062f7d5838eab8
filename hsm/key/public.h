// A key's public numbers. For hsm alone.
#pragma once

#include "hsm/key/key.h"

struct token;

// Makes a key that is on no token yet: it has only the public numbers.
bool key_of_numbers(const struct rsa_key *numbers, struct key *key, struct ssa_error *err) MUST_CHECK;

// Reads whether each signature wants a login, and the modulus, from wherever the token tells it. Its length is 0 where
// the token tells it nowhere.
bool key_read(struct token *token, struct key *key, struct ssa_error *err) MUST_CHECK;

// Reads both public numbers from the objects that belong to a private key. Fails with SSA_TOKEN where the public half
// is another key's.
bool key_read_public(struct token *token, struct key *key, struct ssa_error *err) MUST_CHECK;

// Sets the public exponent to 65537 where the token does not tell it.
void key_settle_exponent(struct key *key);
