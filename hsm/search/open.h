// Opening the one token that is meant.
#pragma once

#include "hsm/search/wanted.h"

struct token;

// Loads the module, or searches those that p11-kit knows, each alone, and finds the one token that matches.
// Fails with SSA_ABSENT (no module, no token), SSA_CONFIG (several match: all are named). The caller closes
// *token.
bool search_open(const struct token_wanted *wanted, struct token **token, struct ssa_error *err) MUST_CHECK;

// Whether no module is named, so that search_open would ask each of them, in a child process. Forking wants
// no other thread of ours beside it.
bool search_is_needed(const struct token_wanted *wanted);
