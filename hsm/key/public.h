// A key's public numbers. For hsm alone.
#pragma once

#include "hsm/key/key.h"

struct token;

// Reads whether each signature wants a login, and the modulus, from wherever the token has it; a length of 0
// where it has it nowhere.
bool key_read(struct token *token, struct key *key, struct ssa_error *err) MUST_CHECK;
// Reads both public numbers out of what goes with a private key. Fails with SSA_TOKEN where its public half
// is another key's.
bool key_read_public(struct token *token, struct key *key, struct ssa_error *err) MUST_CHECK;

// Takes 65537 for the public exponent where nothing on the token tells it.
void key_settle_exponent(struct key *key);
