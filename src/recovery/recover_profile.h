// The profile of a key that an interrupted operation has brought onto its token.
#pragma once

#include "recovery/recovery.h"

// Writes the profile that the entry names, unless it has the key already. Where somebody has put another
// block, or what is not a profile, in its place, it is written beside it. where: its path.
bool recover_profile(const struct recovery *r, const struct journal *j, char where[static PATH_TEXT_MAX], bool *beside,
                     struct ssa_error *err) MUST_CHECK;
