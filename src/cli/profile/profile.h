// What the commands about profiles share.
#pragma once

#include "cli/command/common.h"

// The name or path that is the command's argument. Suggestions use that profile from now on.
const char *profile_argument(const struct invocation *invocation);

// Tells what is wrong with a profile, and what to do; nothing where nothing is wrong.
void profile_tell_faults(const struct ssa_profile *profile);
