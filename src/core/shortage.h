// Failures for want of something that there will be enough of again.
#pragma once

#include "core/error.h"

// Whether there were too few descriptors, or too little memory. Nothing was found out then about what was to be read.
bool shortage_was_met(const struct ssa_error *err);

// Notes in *lacks whether a reading failed for that; err NULL: it did not fail. Returns whether it did so the last
// time, too: then it was told already.
bool shortage_again(bool *lacks, const struct ssa_error *err);
