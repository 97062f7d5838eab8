// PKCS#11 return values: their names, and what they mean. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"

// "CKR_PIN_INCORRECT", or "CKR_0x…" for one we have no name for.
const char *ckr_name(CK_RV rv, char buffer[static 32]);

// Whether it says that another template might do.
bool ckr_is_of_template(CK_RV rv);

// Whether it is an attribute's own: not told, or too long.
bool ckr_is_of_attribute(CK_RV rv);

// Whether a creation was refused before anything was written.
bool ckr_surely_not_made(CK_RV rv);
