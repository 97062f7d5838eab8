// SHA-256 in hex: the name of a public key, and of a file's content.
#pragma once

#include "core/span.h"

#define FINGERPRINT_TEXT 65U

// Writes the SHA-256 of the bytes in hex, or nothing if OpenSSL fails. A public key's bytes are its modulus, big-endian
// without leading zeros.
void fingerprint(struct span bytes, char out[static FINGERPRINT_TEXT]);
