// Removing a profile's file.
#pragma once

#include "config/paths.h"

// Overwrites the file with zeros, since it may hold the client secret, and removes it. Of a link only the link is
// removed. A file that has a second name is not overwritten, and a callback receives a warning. Fails with SSA_CONFIG.
bool profile_destroy(const char *path, const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;
