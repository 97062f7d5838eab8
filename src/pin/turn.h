// How processes of one user take turns with what bears only one at a time: locks on folders in the state
// folder.
#ifndef SSA_PIN_TURN_H
#define SSA_PIN_TURN_H

#include "hsm/module/turns.h"

// Waiting ends when the person wants to stop, and with the run's timeout. run must live as long as the turns.
struct turns turns_of(const struct ssa_run *run);

// While a person is waited for: others may have their turn meanwhile. What was open is to be looked at
// afterwards. turns_resume fails with SSA_TOKEN where it does not come to be our turn again.
void turns_pause(void);
bool turns_resume(const struct ssa_run *run, struct ssa_error *err) MUST_CHECK;

#endif
