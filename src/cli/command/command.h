// A command: what a person types, and the function that does it. Each command is defined in the file of its name;
// parser, help, manual page and shell completion are made from that definition.
#pragma once

#include "cli/command/arguments.h"

// What the function of a command is given.
struct invocation {
    const struct arguments *arguments;
    struct ssa_settings *settings; // exec frees them, since it never comes back
    struct ssa_run run;
    struct ssa_ending *ending; // how the command ended, beside its error
};

struct command {
    const char *name;      // one or two words
    const char *group;     // its heading in the help
    const char *arguments; // what follows the name; optional ones are in brackets; NULL for nothing
    const char *help;
    const char *example;           // without "ssa-hsm "; NULL for none
    bool falls_back;               // accepts several profiles
    bool writes_profile;           // --profile names a profile to write, which need not exist
    bool reads_no_profile;         // must work where a profile is broken
    bool account_of_usual_profile; // where a new profile names no account, the usual profile's is meant
    bool runs_program;             // what follows is another program and its arguments
    option_list options;           // its own, beside the common ones; NULL for none
    // Returns true, or false with err filled.
    bool (*run)(const struct invocation *invocation, struct ssa_error *err);
};

// A list of commands that ends with NULL.
typedef const struct command *const *command_list;
