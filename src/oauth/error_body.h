// A server's own words about its refusal, in any form.
#pragma once

#include "core/mask.h"

#define ERROR_BODY_MAX 201U // 200 characters and the NUL

// The subject of a refusal, if the body has one of the documented names.
enum refusal_kind {
    REFUSAL_OTHER,       // the body has no such name
    REFUSAL_REQUEST,     // the request is wrong in some way
    REFUSAL_STATE,       // something is disabled
    REFUSAL_EXISTS,      // the name is in use
    REFUSAL_GRANT,       // the assertion is not accepted
    REFUSAL_CREDENTIALS, // client id and secret are wrong
    REFUSAL_CLIENT,      // at the token endpoint the same; elsewhere the app is of the wrong kind
    REFUSAL_ACCESS,      // the access token is not accepted
    REFUSAL_LIMIT,       // there are as many things as there may be
    REFUSAL_NOT_FOUND,
    REFUSAL_SERVER, // a fault of the server that passes
};

struct refusal {
    enum refusal_kind kind;
    bool is_error; // the body has the form of an error, whatever the status
    char said[ERROR_BODY_MAX];
};

// Reads the refusal from the JSON of this API, its gateway, OAuth (RFC 6749 section 5.2) or problem details (RFC 9457),
// from HTML, from plain text, or from the status alone. said is one short line. It is never empty, harmless to a
// terminal, and passed through mask (which may be NULL).
void error_body_read(struct span body, long status, const struct mask *mask, struct refusal *refusal);

// The reason phrase of a status (RFC 9110 section 15); "" for an unusual one.
const char *error_body_phrase(long status);
