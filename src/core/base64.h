// Base64 in constant time (RFC 4648): no table look-up depends on the data, which may be a private key.
#pragma once

#include "core/secret.h"

// The length of so many bytes in base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
#define BASE64URL_LENGTH(bytes) (((bytes)*4 + 2) / 3)

// The same in standard base64 with padding (section 4).
#define BASE64_LENGTH(bytes) (((bytes) + 2) / 3 * 4)

// Appends in as base64url without padding. False when it does not fit.
bool base64url_append(struct secret *out, struct span in) MUST_CHECK;

// Appends in as standard base64 with padding. False when it does not fit.
bool base64_append(struct secret *out, struct span in) MUST_CHECK;

// Decodes standard base64 (section 4, with padding) in place. text has len characters. White space is skipped. Returns
// the number of bytes that are now at text, or SIZE_MAX if it is not base64. The rest of text is wiped.
size_t base64_decode_in_place(uint8_t *text, size_t len);

// Decodes base64 of either alphabet, with or without padding, in place. Wipes text that is not base64 and returns
// false.
bool base64_decode(struct secret *text) MUST_CHECK;
