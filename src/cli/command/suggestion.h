// Commands that messages suggest, completed by the options that this run was given: pasted into a shell, each
// is about the same profile, client id, PKCS#11 token and server.
#pragma once

#include "cli/command/command.h"

// What there is, and what this run was given. Both are borrowed for the rest of the process.
void suggestion_begin(command_list commands, const struct arguments *arguments);

// The profile that was written where --output named a file: suggestions are about that one from now on.
void suggestion_profile(const char *path);

// A copy of the text in which each `ssa-hsm COMMAND …` has the options that it needs. The caller frees it;
// NULL where there is no memory.
char *suggestion_complete(const char *text);
