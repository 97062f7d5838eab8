// Finishing or undoing what operations that did not come to their end have left.
#pragma once

#include "recovery/recovery.h"

// Settles all of them, telling what comes of each. What cannot be settled counts in r->left and is no
// failure.
bool key_recover_all(struct recovery *r, struct ssa_error *err) MUST_CHECK;
