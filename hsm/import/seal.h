// Encrypting a key so that only the token can decrypt it: a new AES key encrypts it (RFC 5649), and the token's
// transport key encrypts the AES key (RSAES-OAEP, RFC 8017 section 7.1). For hsm alone.
#pragma once

#include "core/rsa_key.h"

enum { SEAL_AES_BYTES = 32 };

// The transport key's public numbers, and the digest for OAEP and its mask.
struct seal_for {
    struct span modulus, exponent;
    bool sha256; // else SHA-1
};

// The encrypted AES key, and behind it the PKCS#8 key, which the AES key encrypts.
struct sealed {
    struct secret bytes;
    size_t aes_len; // the length of the encrypted AES key
};
void sealed_free(struct sealed *sealed);
#define SEALED_AUTO __attribute__((cleanup(sealed_free))) struct sealed

// Fails with SSA_UNEXPECTED. The caller frees *sealed.
bool seal(const struct rsa_key *numbers, const struct seal_for *to, struct sealed *sealed,
          struct ssa_error *err) MUST_CHECK;

// Appends plain, encrypted with AES key wrap with padding (RFC 5649), to out. kek has 16, 24 or 32 bytes.
bool seal_kwp(struct span kek, struct span plain, struct secret *out) MUST_CHECK;
