// OpenSSL verifies what a token signed. For hsm alone.
#pragma once

#include "core/span.h"

// A signature is over the DigestInfo of SHA-256: this prefix, and the digest (RFC 8017 section 9.2, note 1).
enum { SHA256_BYTES = 32, RS256_PREFIX_BYTES = 19, RS256_INFO_BYTES = RS256_PREFIX_BYTES + SHA256_BYTES };
extern const uint8_t rs256_prefix[RS256_PREFIX_BYTES];

// Makes an OpenSSL key of these numbers, which the caller frees; NULL where that fails.
struct evp_pkey_st *rs256_public_key(struct span modulus, struct span exponent);

// Verifies an RS256 signature with the public key of these numbers.
bool rs256_verify(struct span modulus, struct span exponent, struct span message, struct span signature);
