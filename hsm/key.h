// A key on a token: found, proved, signed with, imported, destroyed. The token is logged in.
#ifndef SSA_HSM_KEY_H
#define SSA_HSM_KEY_H

#include "core/rsa_key.h"
#include "hsm/token.h"

// Who a key is and where it goes. Texts are borrowed.
struct key_name {
    const char *kid;   // its id at the API
    const char *email; // of its account; may be empty
    const char *label;
    uint8_t slot;  // of a card; 0 where a key's id is its own
    bool replaces; // another key is in that slot
};

struct key {
    unsigned long private_object, public_object; // object handles; 0 is none
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
    uint8_t exponent[RSA_BYTES_MAX];
    size_t exponent_len;
    bool login_each_time;  // CKA_ALWAYS_AUTHENTICATE
    bool unsure;           // a card's slot holds the key that was to be replaced, or the new one
    bool certificate_left; // destroyed, but for its certificate
    bool overwritten;      // destroyed by a throwaway key, which is in its slot now
    char decided[128];     // uses that the token itself decided and reads back, against what was asked
};

// Finds the one private key with the URI's id and label. Fails with SSA_KEY_MISSING (none) or SSA_CONFIG
// (several).
bool key_find(struct token *token, const struct uri *uri, struct key *key, struct ssa_error *err) MUST_CHECK;

// Appends the RSASSA-PKCS1-v1_5 signature with SHA-256 (RFC 8017 section 8.2) over message: one C_Sign. Fails
// with SSA_TOKEN, or SSA_PIN where the key's own login is refused.
bool key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
              struct ssa_error *err) MUST_CHECK;

// Both of these. Where another process's reset of the card cuts the signature short, once more from a fresh
// start of the module, with the PIN that was right.
bool key_find_and_sign(struct token *token, const struct uri *uri, struct span message,
                       struct secret *signature, struct ssa_error *err) MUST_CHECK;

// The id that a key of this name has on the token. Borrowed from name.
struct span key_id(const struct key_name *name);

// Whether anything with this id is there already: SSA_CONFIG when it is. A card's slot is judged by
// slot_choose.
bool key_check_free(struct token *token, const struct key_name *name, struct ssa_error *err) MUST_CHECK;

// Stores the key as the token's recipe says: with the strict template (private, sensitive, not extractable,
// sign alone), or with what of it the token takes. Where a rehearsal chose the wrapped way, *holder, which
// numbers point into, is wiped before the token is given anything; else it may be wiped as soon as this
// returns. On failure
// nothing is left on the token but a card's throwaway key; where that could not be had, what is left stays in
// *key, as with key_destroy.
bool key_import(struct token *token, const struct rsa_key *numbers, struct secret *holder,
                const struct key_name *name, struct key *key, struct ssa_error *err) MUST_CHECK;

// Reads the attributes back and has a random challenge signed, which is verified with the public half by
// OpenSSL. On a card the key then signs its own certificate, which replaces the placeholder.
bool key_prove(struct token *token, const struct key_name *name, struct key *key,
               struct ssa_error *err) MUST_CHECK;

// What is where a key's URI points. On a card, whose slots hold keys of any name, the slot's certificate
// tells.
enum located {
    LOCATED_NOTHING,
    LOCATED,          // the key, or its public half alone: then private_object is 0
    LOCATED_ANOTHER,  // another's: a card's key whose certificate names another; an object of another label
                      // or key; several
    LOCATED_NAMELESS, // of a card: a key without a certificate, as an import leaves it that was broken off
};

// Looks, the user having logged in, what is left of the key that was written down with this URI; *slot
// becomes the card's. The modulus is that of the half that is there; without one where that has none yet.
// Fails with SSA_TOKEN, or SSA_CONFIG where the URI has no id.
bool key_locate(struct token *token, const struct uri *uri, const char *kid, struct key *key, uint8_t *slot,
                enum located *located, struct ssa_error *err) MUST_CHECK;

// Whether a key that could not be proved is not as it must be: attributes that were read without a failure
// say so once more. A token that fails, and a signature that does not verify, show nothing of the kind.
bool key_is_unfit(struct token *token, const struct key_name *name, struct key *key);

// How many objects of keys have nothing in them, no label, id or numbers: where a module is killed as it
// writes one, it may leave that.
bool key_count_empty(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;

// Makes *key stand for the nameless key in a slot, for key_destroy: it is not to be touched in any other way.
void key_take_nameless(struct key *key);

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
                struct key_attribute out[static KEY_ATTRIBUTES], bool *read,
                struct ssa_error *err) MUST_CHECK;

// Stores the public half of a key that was located without it, where the token's recipe has one; an unknown
// token may refuse it. Fails with SSA_TOKEN.
bool key_complete(struct token *token, const struct key_name *name, struct key *key,
                  struct ssa_error *err) MUST_CHECK;

// Makes a key that was proved ready to sign again: on a card another login has ended the user's, and with it
// the key's handle.
bool key_again(struct token *token, const struct key_name *name, struct key *key,
               struct ssa_error *err) MUST_CHECK;

#define KEY_REMOVAL_MAX 1024U
// The command line that removes what is left of a key; empty where nothing is.
void key_removal_command(const struct token *token, const struct key *key, const struct key_name *name,
                         char out[static KEY_REMOVAL_MAX]);

// Destroys what key_import made. What could not be destroyed stays in *key.
bool key_destroy(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err);

#endif
