// All commands, in the order of the help.
#pragma once

#include "cli/command/command.h"

extern const command_list commands;
