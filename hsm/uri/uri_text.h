// A PKCS#11 URI's text as people write it, made one that p11-kit takes for what is meant. For hsm
// alone.
#pragma once

#include <stdbool.h>

// Whether text begins as a PKCS#11 URI does: the scheme is in any case (RFC 3986 section 3.1).
bool uri_text_is_uri(const char *text);

// Writes the text without the white space of its layout, and with the blanks that are meant, for the caller
// to free. False where there is no memory.
bool uri_text_tidy(const char *text, char **tidy);

// Whether the slot-id of a tidy text, where it has one, is the number of a slot: p11-kit takes one that is
// missing for 0, and one that is too large for another.
bool uri_text_slot_is_sound(const char *tidy);
