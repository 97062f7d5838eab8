// Finishing or undoing operations that were interrupted.
#pragma once

#include "recovery/recovery.h"

// Settles all of them, and says what happened to each. One that cannot be settled is counted in r->left, and is not a
// failure.
bool key_recover_all(struct recovery *r, struct ssa_error *err) MUST_CHECK;
