// What a caller sends to a token endpoint (RFC 6749 sections 2.3.1 and 4.4.2): a form, and perhaps an Authorization
// header. All of it is foreign.
#pragma once

#include "agent/callers/callers.h"

enum { FORM_MAX = 16384, CALLER_SECRET_MAX = 256 };

struct credentials {
    char grant_type[64];
    char client_id[CALLER_ID_MAX];
    struct secret client_secret;
    char scope[CALLER_SCOPE_MAX]; // as it was sent
};
void credentials_free(struct credentials *credentials);
#define CREDENTIALS_AUTO __attribute__((cleanup(credentials_free))) struct credentials

// Reads a form (application/x-www-form-urlencoded), and the header's value ("Basic …"; NULL: there is none). Values
// that have no meaning here are ignored. Fails with SSA_USAGE where one is given twice, in both places, or is too long,
// and where the text is no form or the header is not of this kind.
bool credentials_read(struct span form, const char *authorization, struct credentials *credentials,
                      struct ssa_error *err) MUST_CHECK;
