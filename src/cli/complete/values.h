// What may stand in a place, as it is read from files and PKCS#11 modules. Nothing is asked of the API, no PIN is used,
// and it ends within two seconds.
#pragma once

#include "cli/command/command.h"

// Receives a value, and what it is (may be empty).
typedef void value_visit(void *context, const char *value, const char *about);

// The profiles in the configuration folder.
void values_profiles(value_visit *visit, void *context);

// The KEY_IDs in them; or their accounts, by id and email.
void values_keys(value_visit *visit, void *context);
void values_accounts(value_visit *visit, void *context);

// The names of the agent's callers.
void values_callers(value_visit *visit, void *context);

// The PKCS#11 tokens of the module, or, where that is NULL, of the settings' module, or of all that p11-kit knows.
void values_tokens(const char *module, value_visit *visit, void *context);
