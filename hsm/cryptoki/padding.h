// Cryptoki's text of a fixed width: what of it is text, for showing, comparing and writing alike.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "hsm/cryptoki/cryptoki.h"

// How long the text is. Blanks at the end are padding by the standard (PKCS#11 v2.40 section 3.2); some
// modules pad with zero bytes, and what stands behind the first of them was never meant.
size_t padded_length(const uint8_t *field, size_t width);

// Whether two texts of the same width are equal but for their padding.
bool padded_equal(const uint8_t *a, const uint8_t *b, size_t width);

// Pads it as the standard wants it, whatever it was padded with.
void padded_write(uint8_t *field, size_t width);

// Text of a fixed width without its padding, made harmless.
void padded_text(char *to, size_t capacity, const CK_UTF8CHAR *from, size_t width);
