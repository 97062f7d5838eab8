// A token of which only the serial number is as the URI says. For hsm alone.
#pragma once

#include "hsm/search/wanted.h"

struct token;

// Whether the token with that serial number may be taken for the one that is wanted, before anybody logs in:
// if it shows public halves or certificates, one of them must have the key's id. The user is told. Fails with
// SSA_ABSENT.
bool token_is_renamed(struct token *token, const struct token_wanted *wanted, struct ssa_error *err) MUST_CHECK;
