// A command: what a person types, and the function that does it. Each command is defined in the file of its name;
// parser, help, manual page and shell completions are made from that definition.
#pragma once

#include "cli/command/arguments.h"

// What the function of a command is given.
struct invocation {
    const struct arguments *arguments;
    struct ssa_settings *settings; // exec frees them, since it never comes back
    struct ssa_run run;
    struct ssa_ending *ending; // how the command ended, beside its error
    // Why the settings cannot be read; only for a command that examines them or asks an agent. Its code is SSA_OK where
    // they can.
    const struct ssa_error *settings_fault;
};

// What an argument is. The name of an argument, and of an option's value, also says what a shell offers there: FILE,
// DIR, PROFILE, KEY_ID, ACCOUNT, CALLER, TOKEN or SOURCE (cli/complete/complete.c). For any other name it offers
// nothing.
struct argument {
    const char *name, *help;
};
#define ARGUMENTS(...) ((const struct argument[]){__VA_ARGS__, {NULL, NULL}})

struct example {
    const char *line; // without "ssa-hsm "
    const char *help;
};
#define EXAMPLES(...) ((const struct example[]){__VA_ARGS__, {NULL, NULL}})

// An exit code that is not one of what the command uses (cli/help/facts.c), or means something else here.
struct exit_code {
    const char *code, *text;
};
#define EXIT_CODES(...) ((const struct exit_code[]){__VA_ARGS__, {NULL, NULL}})

struct command {
    const char *name;      // one to three words
    const char *group;     // its heading in the help, one of help_groups
    const char *arguments; // what follows the name; optional ones are in brackets; NULL for nothing
    const char *help;      // one short line of less than 60 characters, without a full stop
    const char *about;     // what it does, in whole sentences
    const struct argument *argument_help;
    const struct example *examples;
    const struct exit_code *exit_codes; // its own, in their order; NULL for none
    bool hidden;                        // for shell completion; no help and no manual page tells of it
    bool without_settings;              // reads neither environment nor profile
    bool falls_back;                    // accepts several profiles
    bool writes_profile;                // --profile names a profile to write, which need not exist
    bool reads_no_profile;              // must work where a profile is broken
    bool account_of_usual_profile;      // where a new profile names no account, the usual profile's is meant
    bool asks_agent;                    // runs also where the profile that is named is not here: an agent may have it
    bool examines_settings;             // runs also where the settings cannot be read
    bool asks_secret;                   // a word too many may be the secret itself: no message shows it
    bool runs_program;                  // what follows is another program and its arguments
    bool takes_program;                 // what follows "--" is another program and its arguments
    enum use uses;                      // which of the common options it accepts
    option_list options;                // its own, beside the common ones; NULL for none
    // Runs before the settings are read, and may split the process in two: a child has no secrets that were read
    // before.
    bool (*before)(const struct arguments *arguments, struct ssa_error *err);
    // Returns true, or false with err filled.
    bool (*run)(const struct invocation *invocation, struct ssa_error *err);
};

// Whether the command accepts this one of the common options.
static inline bool command_uses(const struct command *command, const struct option *option)
{
    return option->use == 0 || (command->uses & option->use) != 0;
}

// A list of commands that ends with NULL.
typedef const struct command *const *command_list;
