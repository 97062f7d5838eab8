// Prepares the text of a PKCS#11 URI, as people write it, for p11-kit's parser.
#pragma once

#include <stdbool.h>

// Whether text begins as a PKCS#11 URI does: the scheme is in any case (RFC 3986 section 3.1).
bool uri_text_is_uri(const char *text);

// Makes a copy without white space that is only layout, which the caller frees. Blanks inside values stay. False where
// there is no memory.
bool uri_text_tidy(const char *text, char **tidy);

// Whether two hexadecimal digits follow each percent sign.
bool uri_text_percents_are_sound(const char *text);

// Whether the slot-id of a tidy text, where it has one, is the number of a slot. p11-kit would read an empty number as
// 0, and a number that is too large as another.
bool uri_text_slot_is_sound(const char *tidy);
