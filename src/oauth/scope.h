// Scopes as people write them.
#ifndef SSA_OAUTH_SCOPE_H
#define SSA_OAUTH_SCOPE_H

#include "core/error.h"

#define SCOPE_MAX     4096U
#define SCOPE_DEFAULT "data:read data:write"

// Writes text (names separated by commas or spaces) to out, separated by single spaces, each once. Fails with
// SSA_USAGE for a character that no scope has (RFC 6749 section 3.3). An unknown name is told with its
// nearest known one.
bool scope_normalise(const char *text, char out[static SCOPE_MAX], const struct ssa_callbacks *callbacks,
                     struct ssa_error *err) MUST_CHECK;

#endif
