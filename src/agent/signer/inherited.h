// What the signer was started with, and does not need.
#pragma once

#include "core/error.h"

// Keeps the environment out of swap: there may be a PIN in it.
void inherited_lock_environment(void);

// Closes all descriptors but the standard ones, `kept`, and those that the settings read a PIN from.
void inherited_close(const struct ssa_settings *settings, int kept);
