// Which key a command is about.
#pragma once

#include "aps/aps.h"

// Fails with SSA_USAGE where the text that a person typed is not a valid id of a key.
bool key_check_id(const char *key_id, struct ssa_error *err) MUST_CHECK;

// Whether this is the settings' own key.
bool key_is_own(const struct ssa_run *run, const char *account, const char *key_id);
