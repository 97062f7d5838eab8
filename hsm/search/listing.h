// Listing tokens, and the private keys on a token.
#pragma once

#include "hsm/search/ahead.h"
#include "hsm/token/info.h"

struct token;

// Shows each token of a module that is asked; at says which one it is. A token's uri has the module as its entry gives
// it.
typedef void token_shown(void *context, const struct token_info *info, const char *uri);
bool listing_tokens(struct ahead *ahead, size_t at, char description[static 33], token_shown *show, void *context,
                    struct ssa_error *err) MUST_CHECK;

// Shows the label and the URI of each private RSA key on a token. The user must be logged in.
typedef void key_shown(void *context, const char *label, const char *uri);
bool listing_keys(struct token *token, key_shown *show, void *context, struct ssa_error *err) MUST_CHECK;
