// The proof that a key works on the token and cannot come out of it.
#pragma once

#include "hsm/key/key.h"
#include "hsm/uri/uri.h"

struct token;

// Whether a key that could not be proved is not as it must be: attributes that were read without a failure
// say so once more. A token that fails, and a signature that does not verify, show nothing of the kind.
bool key_is_unfit(struct token *token, const struct key_name *name, struct key *key);

// A boolean attribute as it is read back.
struct key_attribute {
    const char *name; // "CKA_SENSITIVE"
    bool known, value;
    bool wanted;
    bool decided; // not as wanted, which on this kind of token is the token's own affair
};
enum { KEY_ATTRIBUTES = 9 };

// Shows that a key which was found there works and cannot come out: reads the attributes back, compares the
// modulus with that of the public half, where there is one, and has a challenge signed. Fails with SSA_TOKEN
// for what is not as it must be; out is filled as far as it could be read (*read), and what was verified
// before the failure is told.
bool key_verify(struct token *token, const struct uri *uri, struct key *key,
                struct key_attribute out[static KEY_ATTRIBUTES], bool *read, struct ssa_error *err) MUST_CHECK;

// Makes a key that was proved ready to sign again: on a card another login has ended the user's, and with it
// the key's handle.
bool key_again(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err) MUST_CHECK;

// What import_prove asks of a key, but for a card's certificate; of a session object no CKA_TOKEN.
bool key_works(struct token *token, struct key *key, bool on_token, struct ssa_error *err) MUST_CHECK;
