// Finishing or undoing what operations that did not come to their end have left.
#ifndef SSA_MANAGE_KEY_RECOVER_H
#define SSA_MANAGE_KEY_RECOVER_H

#include "manage/recovery.h"

// Settles all of them, telling what comes of each. What cannot be settled counts in r->left and is no
// failure.
bool recover(struct recovery *r, struct ssa_error *err) MUST_CHECK;

#endif
