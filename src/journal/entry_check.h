// What an entry must have at its step.
#pragma once

#include "journal/entry.h"

// Whether an entry may be at its step: it has all that the step and the operation need, and its paths are
// absolute. Fails with SSA_CONFIG.
bool entry_check(const struct entry *entry, struct ssa_error *err) MUST_CHECK;
