// Verifying what a token signed, by OpenSSL. For hsm alone.
#pragma once

#include "core/span.h"

// An OpenSSL key of these numbers, for the caller to free; NULL where it cannot be made.
struct evp_pkey_st *rs256_public_key(struct span modulus, struct span exponent);

// Verifies RS256 with a public key given as numbers, by OpenSSL.
bool rs256_verify(struct span modulus, struct span exponent, struct span message, struct span signature);
