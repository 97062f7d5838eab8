// The draft of a profile that an interrupted operation has left beside it.
#pragma once

#include "journal/entry.h"

// Removes it, if there is one. What has its name and cannot be one, a link or another's file, is left. Fails
// with SSA_CONFIG.
bool profile_draft_remove(const struct entry *entry, struct ssa_error *err) MUST_CHECK;
