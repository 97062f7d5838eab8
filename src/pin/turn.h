// Some PKCS#11 modules and tokens work with only one process at a time. Processes of one user take turns with them. A
// turn is a lock on a folder in the state folder.
#pragma once

#include "hsm/module/turns.h"

// The wait for a turn ends when the person wants to stop, and after the run's timeout. run must live as long as the
// turns.
struct turns turns_of(const struct ssa_run *run);

// Gives other processes the turn, while this one waits for a person. Afterwards the caller must look at the open tokens
// again. turns_resume fails with SSA_TOKEN where it does not get the turn back in time.
void turns_pause(void);
bool turns_resume(const struct ssa_run *run, struct ssa_error *err) MUST_CHECK;
