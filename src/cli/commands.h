// All commands, in the order of the help.
#ifndef SSA_CLI_COMMANDS_H
#define SSA_CLI_COMMANDS_H

#include "cli/command/command.h"

extern const command_list commands;

#endif
