// Escapes of URLs, JSON and HTML.
#pragma once

#include <stddef.h>

// The length of the escape that begins at p: "%41" (RFC 3986), "\u0041" and "\n" (JSON), "&#65;" and "&amp;"
// (HTML). 0 where none begins. *c is the character that it stands for, or a blank if that is not visible
// ASCII.
size_t escape_read(const char *p, char *c);
