// The proof that a key works on the token and cannot come out of it.
#pragma once

#include "hsm/key/key.h"
#include "hsm/uri/uri.h"

struct token;

// After a proof that failed: whether the key is not as it must be. For this, the attributes are read once more. That
// the token fails, or a signature does not verify, does not count.
bool key_is_unfit(struct token *token, const struct key_name *name, struct key *key);

// A boolean attribute as it is read back.
struct key_attribute {
    const char *name; // "CKA_SENSITIVE"
    bool known, value;
    bool wanted;
    bool decided; // it is not as wanted, but this kind of token may decide it
};
enum { KEY_ATTRIBUTES = 9 };

// Finds the key that the URI names, and shows that it works and cannot come out: reads the attributes back, compares
// the modulus with that of the public half, where there is one, and has a challenge signed. Fails with SSA_TOKEN for
// what is not as it must be. *read becomes whether out was filled, also on failure.
bool key_verify(struct token *token, const struct uri *uri, struct key *key,
                struct key_attribute out[static KEY_ATTRIBUTES], bool *read, struct ssa_error *err) MUST_CHECK;

// The same without the signature.
bool key_examine(struct token *token, const struct uri *uri, struct key *key,
                 struct key_attribute out[static KEY_ATTRIBUTES], bool *read, struct ssa_error *err) MUST_CHECK;

// Makes a key ready to sign again that was proved. On a card, another login has ended the user's login, and the key's
// handle with it.
bool key_again(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err) MUST_CHECK;

// Shows for a new key what key_verify shows. A session object (on_token false) needs no CKA_TOKEN.
bool key_works(struct token *token, struct key *key, bool on_token, struct ssa_error *err) MUST_CHECK;
