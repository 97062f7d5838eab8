// A key on a token: found, proved, signed with, imported, destroyed. The token is logged in.
#ifndef SSA_HSM_KEY_H
#define SSA_HSM_KEY_H

#include "core/rsa_key.h"
#include "hsm/token.h"

struct key {
    unsigned long private_object, public_object; // object handles; 0 is none
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
    uint8_t exponent[RSA_BYTES_MAX];
    size_t exponent_len;
    bool login_each_time; // CKA_ALWAYS_AUTHENTICATE
};

// Finds the one private key with the URI's id and label. Fails with SSA_KEY_MISSING (none) or SSA_CONFIG
// (several).
bool key_find(struct token *token, const struct uri *uri, struct key *key, struct ssa_error *err) MUST_CHECK;

// Appends the RSASSA-PKCS1-v1_5 signature with SHA-256 (RFC 8017 section 8.2) over message: one C_Sign. Fails
// with SSA_TOKEN, or SSA_PIN where the key's own login is refused.
bool key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
              struct ssa_error *err) MUST_CHECK;

// Whether anything with this id is there already: SSA_CONFIG when it is.
bool key_check_free(struct token *token, struct span id, struct ssa_error *err) MUST_CHECK;

// Stores both halves with the strict template: private, sensitive, not extractable, sign alone. numbers may
// be wiped as soon as this returns. On failure nothing is left on the token; where that could not be had, the
// objects that are left stay in *key, as with key_destroy.
bool key_import(struct token *token, const struct rsa_key *numbers, struct span id, const char *label,
                struct key *key, struct ssa_error *err) MUST_CHECK;

// Reads the attributes back and has a random challenge signed, which is verified with the public half by
// OpenSSL.
bool key_prove(struct token *token, struct key *key, struct ssa_error *err) MUST_CHECK;

#define KEY_REMOVAL_MAX 1024U
// The command line of pkcs11-tool that removes what is left of a key with this id; empty where nothing is.
void key_removal_command(const struct token *token, const struct key *key, struct span id,
                         char out[static KEY_REMOVAL_MAX]);

// Destroys both objects of a key that key_import made. What could not be destroyed stays in *key.
bool key_destroy(struct token *token, struct key *key, struct ssa_error *err);

#endif
