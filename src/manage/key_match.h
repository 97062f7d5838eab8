// Which key of an account a key on a PKCS#11 token is.
#pragma once

#include "aps/aps.h"
#include "manage/token_keys.h"

void key_free_places(struct ssa_key *key);

// Gives the key all its places: the tokens' keys with its id, then those with the same modulus and any id. They become
// listed, and the key takes their URIs. False where there is no memory.
bool key_match(struct ssa_key *key, struct token_keys *keys) MUST_CHECK;

// Whether a token's key has an id and a name, and is not a place of a listed key.
bool token_key_is_alone(const struct token_key *key);

// Whether the token says that the key is this account's: by its email, the email's local part, or its id.
bool token_key_is_of(const struct token_key *key, const struct aps_account *account);
