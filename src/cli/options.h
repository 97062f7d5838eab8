// The one table of options, from which the parser, --help and the manual are made, and what was found on the
// line.
#ifndef SSA_CLI_OPTIONS_H
#define SSA_CLI_OPTIONS_H

#include "core/error.h"

enum option {
    // Common to all commands.
    OPT_PROFILE,
    OPT_CLIENT_ID,
    OPT_TOKEN,
    OPT_MODULE,
    OPT_PIN_SOURCE,
    OPT_SO_PIN_SOURCE,
    OPT_PIN_RETRY,
    OPT_BASE_URL,
    OPT_AUDIENCE,
    OPT_CACERT,
    OPT_CAPATH,
    OPT_INSECURE_HTTP,
    OPT_TIMEOUT,
    OPT_VERBOSE,
    OPT_HELP,
    OPT_VERSION,
    OPT_COMMON_COUNT,
    // Of single commands.
    OPT_SCOPE = OPT_COMMON_COUNT,
    OPT_FORMAT,
    OPT_EXPIRES_IN,
    OPT_NBF,
    OPT_CLAIMS,
    OPT_NO_KEY,
    OPT_ACCOUNT,
    OPT_KEY_ID,
    OPT_EMAIL,
    OPT_OUTPUT,
    OPT_FORCE,
    OPT_SHOW_SECRET,
    OPT_SHRED,
    OPT_SLOT,
    OPT_REPLACE,
    OPT_REHEARSE,
    OPT_IMPORT,
    OPT_LOGIN,
    OPT_ALL,
    OPT_JSON,
    OPT_YES,
    OPT_REPLACE_KEY,
    OPT_GRACE,
    OPT_NOW,
    OPT_FINISH,
    OPT_DRY_RUN,
    OPT_KEY,
    OPT_FORGET,
    OPT_VERIFY,
    OPT_LABEL,
    OPT_FORCE_SECRET,
    OPT_CHALLENGE,
    OPT_API,
    OPTION_COUNT
};

struct option_row {
    const char *name;
    char letter;          // or 0
    const char *argument; // what it takes, for the help; NULL for a switch
    const char *help;
    const char *setting; // the environment's name for the same value; NULL for none
    bool repeatable;
    const char
        *only; // the command that it belongs to, where the name means something else for others; else NULL
};
extern const struct option_row option_table[OPTION_COUNT];

enum { WORDS_MAX = 8, SCOPE_ARGUMENT_MAX = 4096 };

// What was on the command line. Texts are borrowed from argv.
struct arguments {
    const char *values[OPTION_COUNT]; // of options that take one
    bool given[OPTION_COUNT];
    char scope[SCOPE_ARGUMENT_MAX];         // --scope may be repeated
    const char *profiles[SSA_PROFILES_MAX]; // --profile too; values has the first
    size_t profile_count;
    const char *words[WORDS_MAX]; // what is no option, the command's name first
    size_t word_count;
    char *const *line; // all of argv
    char **rest;       // what follows "--", or the command that exec runs; NULL-terminated, NULL for none
};

// Reads argv (without the program's name). Fails with SSA_USAGE.
bool arguments_read(struct arguments *arguments, char **argv, struct ssa_error *err) MUST_CHECK;

// A span of time: seconds, or a number with m, h or d. Fails with SSA_USAGE, quoting what was given.
bool parse_span(const char *text, const char *option, long long *seconds, struct ssa_error *err) MUST_CHECK;

// A number of seconds from least to most. Fails with SSA_USAGE, quoting what was given.
bool parse_seconds(const char *text, const char *option, unsigned least, unsigned most, unsigned *seconds,
                   struct ssa_error *err) MUST_CHECK;

#endif
