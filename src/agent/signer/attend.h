// Waiting, without losing sight of the agent.
#pragma once

#include "agent/signer/process.h"

// Waits until one of the connections has something, or timeout_ms (-1: for ever) is over. Sets p->over where the
// process is to end. While somebody unlocks it, the agent is answered at once, and others are turned away. Returns
// whether `awaited` (-1: nothing) can be read or is closed.
bool attend(struct signer_process *p, int awaited, int timeout_ms);

// The callback of what takes long.
bool attend_interrupted(void *process);
