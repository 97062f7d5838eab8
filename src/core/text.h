// Text: making it harmless, formatting it, finding what was meant.
#pragma once

#include <stdarg.h>

#include "core/span.h"

// Copies in to out, so that foreign text cannot move a cursor or disguise itself. Control characters (C0, C1, DEL),
// bidirectional overrides and bytes that are not UTF-8 become '?', and a line break becomes a space. out ends with a
// NUL. The copy is cut at capacity, but never in the middle of a character.
void text_harmless(char *out, size_t capacity, struct span in);

// The same for a formatted text, of which the first 1,023 bytes count.
void text_harmless_format(char *out, size_t capacity, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

// Whether all of it is UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool text_is_utf8(struct span text);

// The ASCII letters and digits, whatever the locale says of other characters.
#define TEXT_ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// Whether text is neither NULL nor empty.
static inline bool text_present(const char *text)
{
    return text != NULL && text[0] != '\0';
}

// As snprintf, but returns whether everything fitted.
bool text_format(char *out, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Writes text as one word for a shell: in single quotes, unless a shell takes all its characters as they are. Returns
// whether it fitted; SHELL_WORD_ROOM is always enough.
bool text_shell_word(char *out, size_t capacity, const char *text);
#define SHELL_WORD_ROOM(len) (4 * (len) + 3)

// Writes the bytes as lower-case hexadecimal digits and a NUL. out has room for that.
void text_hex(char *out, struct span bytes);

// The value of a hexadecimal digit of either case, or -1.
int text_hex_digit(char c);

// Returns the name that typed most likely means, or NULL if none is similar.
const char *text_nearest(const char *typed, const char *const *names, size_t count);

// How many elements an array has.
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
