// What the signer was started with, and does not need.
#pragma once

#include "core/error.h"

// Keeps the environment out of swap: there may be a PIN in it.
void inherited_lock_environment(void);

// The agent may have started it before it went into the background. Without this, whoever waits for the end of the
// terminal would wait for the signer, and a signal to the shell's group would end it or the module's process.
void inherited_leave_terminal(void);

// Closes all descriptors but the standard ones, `kept`, and those that the settings read a PIN from.
void inherited_close(const struct ssa_settings *settings, int kept);
