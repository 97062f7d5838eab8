// Cryptoki's text has a fixed width. Here it is found where the text ends and the padding begins.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "hsm/cryptoki/cryptoki.h"

// The length of the text. By the standard, blanks at the end are padding (PKCS#11 v2.40 section 3.2). Some modules pad
// with zero bytes: then the text ends before the first of them.
size_t padded_length(const uint8_t *field, size_t width);

// Whether two texts of the same width are equal but for their padding.
bool padded_equal(const uint8_t *a, const uint8_t *b, size_t width);

// Pads the field with blanks, as the standard wants it.
void padded_write(uint8_t *field, size_t width);

// Copies the text without its padding, made harmless.
void padded_text(char *to, size_t capacity, const CK_UTF8CHAR *from, size_t width);
