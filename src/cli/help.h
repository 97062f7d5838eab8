// The help, made from the definitions of the commands.
#pragma once

#include "cli/command/command.h"

// What each exit code means.
extern const char help_exit_codes[];

// Prints the help about one command, or for NULL about all, to standard output.
bool help_print(const struct command *command, struct ssa_error *err) MUST_CHECK;
