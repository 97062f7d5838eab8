// Help, made from the tables of commands and options.
#ifndef SSA_CLI_HELP_H
#define SSA_CLI_HELP_H

#include "cli/command.h"

// Prints the whole help, or that of one command, to standard output.
bool help_print(const struct command *command, struct ssa_error *err) MUST_CHECK;

#endif
