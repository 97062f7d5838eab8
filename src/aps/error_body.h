// What a server says of its refusal, out of whatever it wraps that in.
#ifndef SSA_APS_ERROR_BODY_H
#define SSA_APS_ERROR_BODY_H

#include "core/span.h"

#define ERROR_BODY_MAX 201U // 200 characters and the NUL

// Writes one short line, harmless to a terminal: from the JSON of this API or of OAuth (RFC 6749
// section 5.2), of problem details (RFC 9457), from HTML, from plain text, or from the status alone. What
// looks like a token, an assertion or a key, and secret itself (may be NULL), is left out, should the server
// echo it.
void error_body_text(struct span body, long status, const char *secret, char out[static ERROR_BODY_MAX]);

// The reason phrase of a status (RFC 9110 section 15), or "" for an unusual one.
const char *error_body_phrase(long status);

#endif
