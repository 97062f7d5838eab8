// Commands that messages suggest, completed by the options that this run was given: pasted into a shell, each
// is about the same profile, client id, token and server.
#ifndef SSA_CLI_SUGGESTION_H
#define SSA_CLI_SUGGESTION_H

#include "cli/options.h"

// What the run was given. arguments is borrowed for the rest of the process.
void suggestion_begin(const struct arguments *arguments);

// The profile that was written where --output named a file: what follows is about that one.
void suggestion_profile(const char *path);

// Copies text, with options appended to each `ssa-hsm COMMAND …` in it. What does not fit is left out.
void suggestion_complete(const char *text, char *out, size_t capacity);

#endif
