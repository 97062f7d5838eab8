// Commands that messages suggest, completed by the options of this run: pasted into a shell, each uses the same
// profile, client id, PKCS#11 token and server.
#pragma once

#include "cli/command/command.h"

// Tells the commands, and the command line of this run. Both are borrowed for the rest of the process.
void suggestion_begin(command_list commands, const struct arguments *arguments);

// Tells which profile was written. With --output, suggestions use that one from now on.
void suggestion_profile(const char *path);

// Tells which profile the command is about, where no option names it: suggestions use that one.
void suggestion_use_profile(const char *name);

// Whether the command of this run takes the option of this name; true for one that only other commands have, but for
// those that advice about an agent names for all commands that ask one.
bool suggestion_accepts(const char *name, size_t len);

// A copy of the text in which each `ssa-hsm COMMAND …` has the options that it needs. The caller frees it; NULL where
// there is no memory.
char *suggestion_complete(const char *text);
