// One operation that did not come to its end.
#ifndef SSA_FLOW_SETTLE_H
#define SSA_FLOW_SETTLE_H

#include "flow/recovery.h"

// Finishes or undoes an operation whose process is gone; its entry is closed, or stays as it is with err
// filled.
bool settle(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;

#endif
