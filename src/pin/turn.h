// How processes of one user take turns with what bears only one process at a time. A turn is a lock on a
// folder in the state folder.
#pragma once

#include "hsm/module/turns.h"

// Waiting for a turn ends when the person wants to stop, and after the run's timeout. run must live as long
// as the turns.
struct turns turns_of(const struct ssa_run *run);

// Lets other processes have their turn while a person is waited for. Afterwards what was open must be looked
// at again. turns_resume fails with SSA_TOKEN where our turn does not come again in time.
void turns_pause(void);
bool turns_resume(const struct ssa_run *run, struct ssa_error *err) MUST_CHECK;
