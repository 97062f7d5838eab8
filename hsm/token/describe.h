// Describing a token, and writing the URIs that name it and its keys. For hsm alone.
#pragma once

#include "hsm/module/look.h"
#include "hsm/token/info.h"

// Describes one of the tokens. Its URIs name it alone among all tokens that the module shows. Where nothing tells it
// apart, info->apart.by is 0.
void seen_describe(const struct module_seen *seen, size_t at, struct token_info *info);

// How a URI matches one of the tokens: not at all; by its serial number, while label or model differ; or by everything
// that the URI says.
enum token_match { MATCH_NONE, MATCH_BY_SERIAL, MATCH_EXACT };
enum token_match seen_match(const struct module_seen *seen, size_t at, const struct uri *uri);

// Takes over the flags, which may change while the token is open.
void token_flags(const CK_TOKEN_INFO *raw, struct token_info *info);

// Writes the token's URI with the module as it was given: ready to paste.
bool token_write_uri(const struct module_entry *entry, const struct token_info *info, char out[static URI_TEXT_MAX],
                     struct ssa_error *err) MUST_CHECK;

// Writes a private key's URI with token and module. False when it is too long.
bool token_write_key_uri(const struct module_entry *entry, const struct token_info *info, struct span id,
                         struct span label, char out[static URI_TEXT_MAX]) MUST_CHECK;
