// Listing tokens, and the private keys on a token.
#pragma once

#include "hsm/module/registry.h"
#include "hsm/module/user.h"
#include "hsm/token/info.h"

struct token;

// Shows each token of a module, which is loaded only in a child process. A token's uri has the module as entry gives
// it.
typedef void token_shown(void *context, const struct token_info *info, const char *uri);
bool listing_tokens(const struct module_entry *entry, const struct module_user *user, char description[static 33],
                    token_shown *show, void *context, struct ssa_error *err) MUST_CHECK;

// Shows the label and the URI of each private RSA key on a token. The user must be logged in.
typedef void key_shown(void *context, const char *label, const char *uri);
bool listing_keys(struct token *token, key_shown *show, void *context, struct ssa_error *err) MUST_CHECK;
