// PKCS#11 return values: their names, and what they mean. For hsm alone.
#pragma once

#include "core/error.h"
#include "hsm/cryptoki/cryptoki.h"

// "CKR_PIN_INCORRECT", or "CKR_0x…" for a value that has no name here.
const char *ckr_name(CK_RV rv, char buffer[static 32]);

// The return value that an error was made from; CKR_OK where it comes from no PKCS#11 call.
CK_RV ckr_of_error(const struct ssa_error *err);

// Whether another template might be accepted.
bool ckr_is_of_template(CK_RV rv);

// Whether only the attribute is to blame: the token does not tell it, or it is too long.
bool ckr_is_of_attribute(CK_RV rv);

// Whether a creation was refused before anything was written.
bool ckr_surely_not_made(CK_RV rv);
