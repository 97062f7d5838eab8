// Rotations whose old key still works and must be retired.
#pragma once

#include "core/ending.h"
#include "journal/journal.h"

// What to look for, and what was found.
struct waiting {
    const struct ssa_run *run;
    const char *account;
    bool retires; // retire the old key
    bool at_once; // also before its grace period has ended
    struct ssa_ending *ending;
    bool found;
    char old_kid[API_ID_MAX];
};

// Looks for a rotation of the account whose old key still works, and retires that key where that is wanted.
bool rotation_find_waiting(struct waiting *waiting, struct ssa_error *err) MUST_CHECK;
