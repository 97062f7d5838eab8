// The audit trail of operations that are one request.
#pragma once

#include "journal/journal.h"

// Writes, before the request leaves, what is to be done to the account and, unless it is NULL, its key. Fails
// with SSA_CONFIG where that cannot be written: what leaves no trace is not done.
bool audit_begin(struct journal *j, const struct ssa_run *run, enum operation operation, const char *account,
                 const char *kid, struct ssa_error *err) MUST_CHECK;

// Writes what came of it: done, or what err tells. Returns done.
bool audit_end(struct journal *j, bool done, const struct ssa_error *err);
