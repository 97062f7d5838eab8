// The key encrypted for the token's eyes alone: an AES key, made for it, encrypts it (RFC 5649), and the
// token's transport key encrypts the AES key (RSAES-OAEP, RFC 8017 section 7.1). For hsm alone.
#pragma once

#include "core/rsa_key.h"

enum { SEAL_AES_BYTES = 32 };

// The transport key's public numbers, and the digest that OAEP and its mask are made with.
struct seal_for {
    struct span modulus, exponent;
    bool sha256; // else SHA-1
};

// The AES key as the token unwraps it first, and the PKCS#8 key as that unwraps it then, one behind the
// other.
struct sealed {
    struct secret bytes;
    size_t aes_len; // of the first of them
};
void sealed_free(struct sealed *sealed);
#define SEALED_AUTO __attribute__((cleanup(sealed_free))) struct sealed

// Fails with SSA_UNEXPECTED. The caller frees *sealed.
bool seal(const struct rsa_key *numbers, const struct seal_for *to, struct sealed *sealed,
          struct ssa_error *err) MUST_CHECK;

// Appends plain, encrypted with AES key wrap with padding (RFC 5649), to out. kek has 16, 24 or 32 bytes.
bool seal_kwp(struct span kek, struct span plain, struct secret *out) MUST_CHECK;
