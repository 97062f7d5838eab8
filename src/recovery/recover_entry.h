// The recovery of one operation that was interrupted, or has failed.
#pragma once

#include "recovery/recovery.h"

// Finishes or undoes an operation whose process has ended; with r->known, undoes this process's own operation, whose
// next step failed. Closes the entry, or leaves it open with err filled.
bool recover_entry(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;
