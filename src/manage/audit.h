// The audit trail of operations that need only one request.
#pragma once

#include "journal/journal.h"

// Writes, before the request is sent, what will be done to the account, or, unless kid is NULL, to its key. Fails with
// SSA_CONFIG where that cannot be written: then the request must not be sent.
bool audit_begin(struct journal *j, const struct ssa_run *run, enum operation operation, const char *account,
                 const char *kid, struct ssa_error *err) MUST_CHECK;

// Writes the outcome: done, or the failure in err. Returns done.
bool audit_end(struct journal *j, bool done, const struct ssa_error *err);
