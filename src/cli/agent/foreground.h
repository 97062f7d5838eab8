// The agent in the foreground.
#pragma once

#include "cli/agent/agent.h"

// Starts `ssa-hsm agent unlock` as a process of its own: the PIN that a person types there is never in the agent's
// memory. Where that fails, a message says so, and the agent stays locked.
void foreground_unlock(const char *socket);

// Ends that process, if it still asks.
void foreground_end(void);
