// Text for people: foreign bytes made harmless, near misses named.
#ifndef SSA_CORE_TEXT_H
#define SSA_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/span.h"

// Copies in to out (NUL-terminated, cut at capacity, never in the middle of a character). Control characters
// of C0 and C1, DEL, bidirectional overrides and bytes that are not UTF-8 become '?', so that nothing a
// server, token or file says can move a cursor or disguise itself; a line break becomes a space.
void text_harmless(char *out, size_t capacity, struct span in);

// Whether all of it is UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool text_is_utf8(struct span text);

// Whether there is a text, and it is not empty.
static inline bool text_present(const char *text)
{
    return text != NULL && text[0] != '\0';
}

// snprintf that says whether all of it fitted.
bool text_format(char *out, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Writes the bytes as lower-case hexadecimal digits and a NUL: out has room for twice their number and one.
void text_hex(char *out, struct span bytes);

// The name among names (count of them) that was most likely meant by typed, or NULL when none is near.
const char *text_nearest(const char *typed, const char *const *names, size_t count);

// How many elements an array has.
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#endif
