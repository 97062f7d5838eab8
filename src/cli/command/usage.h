// Whether the command accepts what the line gives it.
#pragma once

#include "cli/command/command.h"

// Fails with SSA_USAGE: no command, or arguments that it does not take.
bool usage_check(const struct arguments *arguments, command_list commands, struct ssa_error *err) MUST_CHECK;
