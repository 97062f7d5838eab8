// Rotations that are over but for their old key, which serves on until it is retired.
#pragma once

#include "core/ending.h"
#include "journal/journal.h"

// What is looked for, and what was found.
struct waiting {
    const struct ssa_run *run;
    const char *account;
    bool retires; // the old key is to be retired
    bool at_once; // also before its grace is over
    struct ssa_ending *ending;
    bool found;
    char old_kid[API_ID_MAX];
};

// Looks for a rotation of the account that waits, and retires its old key where that is wanted.
bool rotation_find_waiting(struct waiting *waiting, struct ssa_error *err) MUST_CHECK;
