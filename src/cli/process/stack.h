// A stack that is large enough for the program, its libraries and a PKCS#11 module.
#pragma once

#include "core/error.h"

// Runs work and gives its result. Where a limit (`ulimit -s`) makes the stack too small, work runs in a thread with a
// stack of its own, and threads that libraries start get as much. Fails with SSA_UNEXPECTED, before work is run, when
// there is no memory for that.
bool stack_run(int (*work)(void *context), void *context, int *result, struct ssa_error *err) MUST_CHECK;
