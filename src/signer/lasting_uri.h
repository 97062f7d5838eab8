// The URI of a PKCS#11 token or an object on it, as it goes into a profile.
#pragma once

#include "hsm/token/token.h"

// Writes the URI of the token, or of an object on it (parts), with the module as the next shell finds it. The
// pin-source is that of given (may be NULL), else that of parts.
bool lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                 char out[static URI_TEXT_MAX], struct ssa_error *err) MUST_CHECK;
