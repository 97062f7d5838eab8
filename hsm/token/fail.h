// Errors of calls on a token. For hsm alone.
#pragma once

#include "core/error.h"
#include "hsm/cryptoki/cryptoki.h"

struct token;

// Makes an error of what a PKCS#11 call on the token returned. Returns false.
bool token_fail(struct ssa_error *err, enum ssa_class class, CK_RV rv, const struct token *token, const char *what, ...)
    __attribute__((format(printf, 5, 6)));
