// The processes of modules that were closed.
#pragma once

#include "ssa-hsm.h"

// Waits until they have ended, and ends those that still run so many milliseconds after their module was closed, or
// once the person wants to stop.
void module_settle(unsigned most_ms, const struct ssa_callbacks *callbacks);
