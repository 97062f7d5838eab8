// Reading a grant: the answer with an access token (RFC 6749 section 5.1).
#pragma once

#include "core/secret.h"

// Checks a grant, and appends its access token to token (NULL for nothing). On failure err->what names the answer's
// fault, and token is empty.
bool grant_check(struct span body, struct secret *token, struct ssa_error *err) MUST_CHECK;
