// Escapes of URLs, JSON and HTML.
#ifndef SSA_CORE_ESCAPE_H
#define SSA_CORE_ESCAPE_H

#include <stddef.h>

// The length of the escape at p (RFC 3986's "%41", JSON's "\u0041" and "\n", HTML's "&#65;" and "&amp;"), or
// 0 where none begins. *c is what it stands for; a blank for what is no visible ASCII.
size_t escape_read(const char *p, char *c);

#endif
