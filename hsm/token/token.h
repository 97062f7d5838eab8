// An open PKCS#11 token: what it is called, and its end.
#pragma once

#include "hsm/token/info.h"

struct token;

// Logs out, closes the session, finalises the module.
void token_close(struct token **token);
#define TOKEN_AUTO __attribute__((cleanup(token_close))) struct token

const struct token_info *token_info(const struct token *token);

// The token's URI with its module, ready to paste.
bool token_uri(const struct token *token, char out[static URI_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// Whether the process that had its module has ended: nothing can be asked any more, but for an undoing.
bool token_is_over(const struct token *token);

// Fails with SSA_ABSENT where that is so: what the token was asked then, it has not denied.
bool token_answers(const struct token *token, struct ssa_error *err) MUST_CHECK;

// For an operation that begins after the module did not answer another one: it may be started again.
void token_forgive(struct token *token);

// Whether it is the token that the URI names.
bool token_matches(const struct token *token, const struct uri *uri);

// How a URI names the module: by the path, as it was given, or by the name. The other one is NULL. Borrowed.
const char *token_module_path(const struct token *token);
const char *token_module_name(const struct token *token);
