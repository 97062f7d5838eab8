// The signer's settings.
#pragma once

#include "core/error.h"

// Reads a profile (NULL: the usual one). What the environment and the profile have of a client secret is wiped, unless
// that is on a PKCS#11 token. NULL with err filled where that fails.
struct ssa_settings *profile_read(const char *name, const struct ssa_callbacks *callbacks, struct ssa_error *err);

// Whether a person gives the PIN, as far as the settings tell.
bool profile_is_attended(const struct ssa_settings *settings);
