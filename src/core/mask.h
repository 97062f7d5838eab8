// What must not be shown of foreign text: secrets that are known, and what looks like one.
#ifndef SSA_CORE_MASK_H
#define SSA_CORE_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/span.h"

#define MASK_SECRETS_MAX 8U

// All borrowed.
struct mask {
    struct span secrets[MASK_SECRETS_MAX]; // pieces of these are hidden, wherever they begin and end
    size_t count;
    const char *shown; // looks random and is no secret, as a client id does; NULL for none
};

// Adds a secret; one that is empty or has no room is passed over.
void mask_add(struct mask *mask, struct span secret);

// Writes text as text_harmless does, with "***" in place of each piece of a known secret, of a PEM block, a
// JWT, a user and password in a URL, the value of "client_secret=" and its like, a Basic or Bearer value, and
// of what is too random to be a word. Percent, JSON and HTML escapes hide nothing. Of a long text the first
// 2,048 bytes count. mask may be NULL: then no secret is known.
void mask_text(const struct mask *mask, struct span text, char *out, size_t capacity);

#endif
