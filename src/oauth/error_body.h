// What a server says of its refusal, out of whatever it wraps that in.
#ifndef SSA_OAUTH_ERROR_BODY_H
#define SSA_OAUTH_ERROR_BODY_H

#include "core/mask.h"

#define ERROR_BODY_MAX 201U // 200 characters and the NUL

// What the refusal is about, where the body has one of the documented names for it.
enum reason {
    REASON_NONE,        // no such name, or one that says no more than the status
    REASON_REQUEST,     // the request is wrong in some way
    REASON_STATE,       // the account is not enabled
    REASON_GRANT,       // the assertion, or its account or key, is not accepted
    REASON_CREDENTIALS, // client id and secret are wrong
    REASON_CLIENT,      // at the token endpoint the same; elsewhere the app is of the wrong kind
    REASON_ACCESS,      // the access token is not accepted
    REASON_LIMIT,       // there are as many accounts or keys as there may be
    REASON_NOT_FOUND,
    REASON_SERVER, // a fault of the server, which passes
};

struct refusal {
    enum reason reason;
    bool is_error; // the body is of one of the forms that errors have, whatever the status
    char said[ERROR_BODY_MAX];
};

// Reads it from the JSON of this API, its gateway or OAuth (RFC 6749 section 5.2), of problem details
// (RFC 9457), from HTML, from plain text, or from the status alone. said is one short line, never empty,
// harmless to a terminal, and passed through mask (which may be NULL).
void error_body_read(struct span body, long status, const struct mask *mask, struct refusal *refusal);

// The reason phrase of a status (RFC 9110 section 15), or "" for an unusual one.
const char *error_body_phrase(long status);

#endif
