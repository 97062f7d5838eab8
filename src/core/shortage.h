// Failures for want of something that there will be enough of again.
#pragma once

#include "core/error.h"

// Whether there were too few descriptors, or too little memory. Nothing was found out then about what was to be read.
bool shortage_was_met(const struct ssa_error *err);
