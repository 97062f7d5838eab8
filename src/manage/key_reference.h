// Which key a command is about.
#pragma once

#include "aps/aps.h"

// Fails with SSA_USAGE where the text that a person typed is not the id of a key.
bool key_check_id(const char *key_id, struct ssa_error *err) MUST_CHECK;

// The key of this id in a list; NULL where it is not there.
const struct aps_key *key_in(const struct aps_keys *keys, const char *key_id);

// Whether this is the settings' own key.
bool key_is_own(const struct ssa_run *run, const char *account, const char *key_id);
