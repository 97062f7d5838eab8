// Running a command: with its settings, and with the terminal behind the callbacks.
#pragma once

#include "cli/command/command.h"

// Runs the command of a line that usage_check has passed.
bool run_command(const struct arguments *arguments, struct ssa_ending *ending, struct ssa_error *err) MUST_CHECK;

// After all was printed: waits until the PKCS#11 modules that the command used are closed.
void run_settle(void);
