// Scopes in the form in which people write them.
#pragma once

#include "core/error.h"

#define SCOPE_MAX 4096U

// Writes the scopes in text, which are separated by commas or spaces, to out: each once, separated by single spaces.
// Fails with SSA_USAGE for a character that is not allowed (RFC 6749 section 3.3). Warns of an unknown name, and
// suggests a similar one.
bool scope_normalise(const char *text, char out[static SCOPE_MAX], const struct ssa_callbacks *callbacks,
                     struct ssa_error *err) MUST_CHECK;
