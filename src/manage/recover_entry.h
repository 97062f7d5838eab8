// One operation that did not come to its end.
#ifndef SSA_MANAGE_RECOVER_ENTRY_H
#define SSA_MANAGE_RECOVER_ENTRY_H

#include "manage/recovery.h"

// Finishes or undoes an operation whose process is gone; its entry is closed, or stays as it is with err
// filled.
bool settle(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;

#endif
