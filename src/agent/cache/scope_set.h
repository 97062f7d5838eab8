// Scopes as a set: two requests for the same scopes get the same access token, however they are written.
#pragma once

#include "agent/cache/access.h"

// Writes the scopes in text, which are separated by commas or spaces, to out: each once, in order, separated by single
// spaces. Fails with SSA_USAGE.
bool scope_set(const char *text, char out[static ACCESS_SCOPE_MAX], const struct ssa_callbacks *callbacks,
               struct ssa_error *err) MUST_CHECK;

// Whether all scopes of wanted, separated by commas or spaces, are among those of allowed (normalised).
bool scope_within(const char *wanted, const char *allowed);
