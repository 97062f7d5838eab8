// Asking a person for the PIN.
#pragma once

#include "config/settings.h"
#include "hsm/token/token.h"

// Asks for the PIN. Before that it warns where a wrong PIN was tried, and asks for a yes where the next wrong PIN locks
// the token. source is a reference to a pinentry, or NULL for the terminal. pin is NULL where the PIN is typed at the
// reader. Other processes may use the token during that time. Fails with SSA_PIN where there is no PIN.
bool pin_ask_person(const struct ssa_run *run, const char *source, const struct token_info *info, struct secret *pin,
                    struct ssa_error *err) MUST_CHECK;

// The error about a PIN that is not tried, since a wrong one could lock the token. Returns false.
bool pin_refuse_last_try(enum ssa_class class, const struct token_info *info, struct ssa_error *err);
