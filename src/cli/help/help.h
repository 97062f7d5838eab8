// The help, made from the definitions of the commands.
#pragma once

#include "cli/command/command.h"

// Prints the help that a line asks for, to standard output: about its command, else about the commands that begin with
// its word, else about all. Fails with SSA_USAGE where its words name none.
bool help_print(const struct arguments *arguments, struct ssa_error *err) MUST_CHECK;

bool version_print(struct ssa_error *err) MUST_CHECK;
