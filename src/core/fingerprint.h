// A public key's short name.
#ifndef SSA_CORE_FINGERPRINT_H
#define SSA_CORE_FINGERPRINT_H

#include "core/span.h"

#define FINGERPRINT_TEXT 65U

// The SHA-256 of a file's bytes, or of the modulus, big-endian without leading zeros, in hex; empty where it
// cannot be made.
void fingerprint(struct span modulus, char out[static FINGERPRINT_TEXT]);

#endif
