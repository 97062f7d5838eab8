// Reading a grant: the answer with an access token (RFC 6749 section 5.1).
#pragma once

#include "core/secret.h"

// Appends the access token to token; with NULL it only checks the grant. On failure err->what says what is
// wrong with the answer, and token is empty.
bool grant_check(struct span body, struct secret *token, struct ssa_error *err) MUST_CHECK;
