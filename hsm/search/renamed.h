// A token that has its serial number alone of what a URI says. For hsm alone.
#ifndef SSA_HSM_SEARCH_RENAMED_H
#define SSA_HSM_SEARCH_RENAMED_H

#include "hsm/search/open.h"

struct token;

// Whether the token of that serial number may be taken for the one that is wanted, before anybody logs in:
// where it shows public halves or certificates, one has the key's id. Says so. Fails with SSA_ABSENT.
bool token_is_renamed(struct token *token, const struct token_wanted *wanted,
                      struct ssa_error *err) MUST_CHECK;

#endif
