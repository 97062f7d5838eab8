// OpenSSL verifies what a token signed. For hsm alone.
#pragma once

#include "core/span.h"

// Makes an OpenSSL key of these numbers, which the caller frees; NULL where that fails.
struct evp_pkey_st *rs256_public_key(struct span modulus, struct span exponent);

// Verifies an RS256 signature with the public key of these numbers.
bool rs256_verify(struct span modulus, struct span exponent, struct span message, struct span signature);
