// Signing with a key.
#pragma once

#include "hsm/key/key.h"
#include "hsm/uri/uri.h"

struct token;

// What is signed: a message, or the SHA-256 of one.
struct key_input {
    struct span bytes;
    bool hashed;
    // By one message to the module's process. If it ends, it is not known whether that was in C_SignInit or in C_Sign.
    bool at_once;
};

// Appends the signature, as key_sign does. Where it fails, *lost becomes whether a fresh start and a login may help:
// the token, its session, the login or the key's handle is lost, or the module's process has ended.
bool key_sign_once(struct token *token, const struct key *key, const struct key_input *what, struct secret *signature,
                   bool *lost, struct ssa_error *err) MUST_CHECK;

// Appends the RSASSA-PKCS1-v1_5 signature with SHA-256 (RFC 8017 section 8.2) over message, by one C_Sign. Fails with
// SSA_TOKEN, or with SSA_PIN where the key's own login is refused.
bool key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
              struct ssa_error *err) MUST_CHECK;

// Finds the key and signs. Where another process resets the card meanwhile, the module is started afresh and it is
// tried once more, with the PIN that was right before.
bool key_find_and_sign(struct token *token, const struct uri *uri, struct span message, struct secret *signature,
                       struct ssa_error *err) MUST_CHECK;

// Whether these bytes are the DigestInfo of a SHA-256, which a signature is over. *digest is then that hash.
bool key_digest_of(struct span info, struct span *digest);

// Signs as key_sign does, and verifies the signature with the public half.
bool key_attest(struct token *token, const struct key *key, struct span message, struct secret *signature,
                struct ssa_error *err) MUST_CHECK;
