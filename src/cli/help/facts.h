// What help, manual pages and completions tell, beside the definitions of commands and options.
#pragma once

#include "cli/command/command.h"

// The headings of the commands, in the order of the help; ends with NULL.
extern const char *const help_groups[];

struct fact {
    const char *name, *text;
    enum use use; // it concerns commands that use one of these; 0: all that read settings
};

// The environment variables, the exit codes, and the files that are read and written. Each ends with one without a
// name.
extern const struct fact help_variables[], help_exit_codes[], help_files[];

// The exit codes of a command: those that concern it, and its own, which take the place of the others, by their
// numbers. Returns their number.
enum { EXIT_CODES_MAX = 32 };
size_t command_exit_codes(const struct command *command, struct fact codes[static EXIT_CODES_MAX]);

// Whether it concerns the command.
bool fact_concerns(const struct fact *fact, const struct command *command);

// The option of this command that gives the same setting; NULL for none.
const struct option *variable_option(const struct fact *variable, const struct command *command);

// What an option does, with its values and the one that it has by default.
#define OPTION_TEXT 512U
void option_text(const struct option *option, char out[static OPTION_TEXT]);

// Whether the command's name begins with this word, and has a second one.
bool command_is_of(const struct command *command, const char *noun);
