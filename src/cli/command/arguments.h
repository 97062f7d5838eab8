// The command line, taken apart: which command, which options, which arguments.
#pragma once

#include "cli/command/option.h"
#include "core/error.h"

struct command;

enum { WORDS_MAX = 8, GIVEN_MAX = 128 };

// Texts are borrowed from argv.
struct arguments {
    const struct command *command; // NULL where the words name none
    struct {
        const struct option *option;
        const char *value; // NULL for a switch
    } given[GIVEN_MAX];
    size_t given_count;
    const char *words[WORDS_MAX]; // the words after the command's name; all words where there is no command
    size_t word_count;
    char *const *rest; // what follows "--", or the program that exec runs; ends with NULL; NULL for none
};

// Reads argv (without the program's name). Fails with SSA_USAGE; arguments->command is set then, too. That a
// line names no command is no failure here.
bool arguments_read(struct arguments *arguments, const struct command *const *commands, char *const *argv,
                    struct ssa_error *err) MUST_CHECK;

bool option_given(const struct arguments *arguments, const struct option *option);

// Its first value, or NULL where it was not given.
const char *option_value(const struct arguments *arguments, const struct option *option);

// All its values, in their order; out has room for GIVEN_MAX. Returns their number.
size_t option_values(const struct arguments *arguments, const struct option *option, const char *out[static GIVEN_MAX]);
