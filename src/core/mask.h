// Hiding secrets in foreign text: known ones, and text that looks like one.
#pragma once

#include "core/span.h"

#define MASK_SECRETS_MAX 8U

// All borrowed.
struct mask {
    struct span secrets[MASK_SECRETS_MAX]; // pieces of these are hidden, wherever they begin and end
    size_t count;
    const char *shown; // looks random but is not a secret, such as a client id; NULL for none
};

// Adds a secret. An empty one is left out, and one for which there is no room.
void mask_add(struct mask *mask, struct span secret);

// Writes text as text_harmless does, but replaces secrets by "***": each piece of a known secret, a PEM block, a JWT,
// user and password in a URL, the value of "client_secret=" and the like, a Basic or Bearer value, and anything too
// random to be a word. Secrets with percent, JSON or HTML escapes are found, too. Only the first 2,048 bytes of a text
// are written. mask may be NULL if no secret is known.
void mask_text(const struct mask *mask, struct span text, char *out, size_t capacity);
