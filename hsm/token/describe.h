// What a token says of itself, turned into what we keep, and its URIs. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/module/registry.h"
#include "hsm/token/info.h"

// The token's URI with its module, as that was given: ready to paste.
bool token_write_uri(const struct module_entry *entry, const struct token_info *info, char out[static URI_TEXT_MAX],
                     struct ssa_error *err) MUST_CHECK;

// A private key's URI with token and module. False when it is too long.
bool token_write_key_uri(const struct module_entry *entry, const struct token_info *info, struct span id,
                         struct span label, char out[static URI_TEXT_MAX]) MUST_CHECK;

// The flags of a token that may change while it is open.
void token_flags(const CK_TOKEN_INFO *raw, struct token_info *info);

// Turns what the module says of the token in a slot into what we keep. How a URI names it is as if it were
// the only one there (hsm/look.h: seen_describe).
void token_describe(const CK_INFO *module, CK_SLOT_ID slot, const CK_TOKEN_INFO *raw, struct token_info *info);
