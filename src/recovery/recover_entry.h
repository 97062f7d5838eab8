// One operation that did not come to its end.
#pragma once

#include "recovery/recovery.h"

// Finishes or undoes an operation: one whose process is gone, or, with r->known, undoes the own one, whose
// next step failed. The entry is closed, or stays as it is with err filled.
bool recover_entry(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;
