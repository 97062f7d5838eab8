// Signing with a key.
#pragma once

#include "hsm/key/key.h"
#include "hsm/uri/uri.h"

struct token;

// Appends the RSASSA-PKCS1-v1_5 signature with SHA-256 (RFC 8017 section 8.2) over message, by one C_Sign. Fails with
// SSA_TOKEN, or with SSA_PIN where the key's own login is refused.
bool key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
              struct ssa_error *err) MUST_CHECK;

// Finds the key and signs. Where another process resets the card meanwhile, the module is started afresh and it is
// tried once more, with the PIN that was right before.
bool key_find_and_sign(struct token *token, const struct uri *uri, struct span message, struct secret *signature,
                       struct ssa_error *err) MUST_CHECK;

// Signs as key_sign does, and verifies the signature with the public half.
bool key_attest(struct token *token, const struct key *key, struct span message, struct secret *signature,
                struct ssa_error *err) MUST_CHECK;
