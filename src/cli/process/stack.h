// A stack with room for what the program, its libraries and a token's module put there.
#ifndef SSA_CLI_STACK_H
#define SSA_CLI_STACK_H

#include "core/error.h"

// Runs work, whose result it gives: as it is where the stack may grow as usual, and on a thread with a stack
// of its own where a limit (`ulimit -s`) would end the process in the middle of its work. Threads that
// libraries start get as much. Fails with SSA_UNEXPECTED, and without having run it, when there is no memory
// for that.
bool stack_run(int (*work)(void *context), void *context, int *result, struct ssa_error *err) MUST_CHECK;

#endif
