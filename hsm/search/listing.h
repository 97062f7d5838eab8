// What there is: modules, tokens and, on a token that is logged in, private keys.
#pragma once

#include "hsm/module/registry.h"
#include "hsm/module/turns.h"
#include "hsm/token/info.h"

struct token;

// Shows each token of a module that is loaded in a child process for this alone. A token's uri carries the
// module as entry gives it.
typedef void token_shown(void *context, const struct token_info *info, const char *uri);
bool listing_tokens(const struct module_entry *entry, const struct ssa_callbacks *callbacks, const struct turns *turns,
                    char description[static 33], token_shown *show, void *context, struct ssa_error *err) MUST_CHECK;

// Shows each private RSA key of a token: its label and URI.
typedef void key_shown(void *context, const char *label, const char *uri);
bool listing_keys(struct token *token, key_shown *show, void *context, struct ssa_error *err) MUST_CHECK;
