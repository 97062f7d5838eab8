// Which members an entry must have at its step.
#pragma once

#include "journal/entry.h"

// Whether an entry has all that its step and its operation need, and its paths are absolute. Fails with SSA_CONFIG.
bool entry_check(const struct entry *entry, struct ssa_error *err) MUST_CHECK;
