// The command line, taken apart: which command, which options, which arguments.
#pragma once

#include "core/error.h"

// What a command uses of the settings that commands have in common. An option for a setting that a command does not use
// is refused there: it would do nothing, and whoever gave it believes otherwise. In environment and profile, such a
// setting is ignored.
enum use {
    USE_PROFILE = 1 << 0,  // a profile
    USE_CLIENT = 1 << 1,   // the client id
    USE_LOGIN = 1 << 2,    // a PKCS#11 module and a PIN, if only where the client secret is on a PKCS#11 token
    USE_TOKEN = 1 << 3,    // the PKCS#11 token that the settings name, beside that of the key
    USE_OFFICER = 1 << 4,  // the management key of a card
    USE_SERVER = 1 << 5,   // the address of the API's server, if only to remember it
    USE_TLS = 1 << 6,      // how the server is reached
    USE_AUDIENCE = 1 << 7, // the claim aud of an assertion
    USE_SECRET = 1 << 8,   // the client secret
    USE_SCOPE = 1 << 9,    // the scopes of access tokens
    USE_JOURNAL = 1 << 10, // no setting: the command writes down what it begins, and can leave something behind
    USE_AGENT = 1 << 11,   // an agent, where one runs
    USE_CACHE = 1 << 12,   // access tokens that are kept
    USE_SOCKET = 1 << 13,  // the agent's socket: the command is about the agent itself
    USE_RUNNING = 1 << 14, // no setting: an agent that runs
    USE_RETRY = 1 << 15,   // one more try of a stored PIN
    // What a command uses that asks the API.
    USE_API = USE_PROFILE | USE_CLIENT | USE_SECRET | USE_LOGIN | USE_SERVER | USE_TLS,
    USE_ALL = USE_API | USE_TOKEN | USE_OFFICER | USE_AUDIENCE,
};

// An option of a command. Its address is its identity: two options of one name are two options.
struct option {
    const char *name;
    const char *argument; // what the help calls its value; NULL for a switch
    const char *help;
    const char *setting; // the setting that it is another way to give; NULL for none
    char letter;         // its short form, or 0
    bool repeatable;
    const char *preset;        // its value where it is not given, for the help; NULL for none
    const char *const *values; // the only values that it takes, ending with NULL; NULL for any
    enum use use;              // what a command must use to accept it; 0: every command that lists it, or all
    // Which one of the values a text means that is none of them; NULL: it means none. May be NULL.
    const char *(*meant)(const char *text);
};

// A list that ends with NULL.
typedef const struct option *const *option_list;
#define OPTIONS(...) ((const struct option *const[]){__VA_ARGS__, NULL})

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
    char *const *rest; // the program that exec runs, and its arguments; ends with NULL; NULL for none
};

// Reads argv (without the program's name). Fails with SSA_USAGE; arguments->command is set then, too. A line that names
// no command is no failure here.
bool arguments_read(struct arguments *arguments, const struct command *const *commands, char *const *argv,
                    struct ssa_error *err) MUST_CHECK;

// Reads the beginning of a line, for completion: what is wrong in it is left out. Returns the option whose value comes
// next, or NULL. *over: whether no more options follow.
const struct option *arguments_read_part(struct arguments *arguments, const struct command *const *commands,
                                         char *const *argv, bool *over);

// Says that the words of a line name no command, and which may be meant. Returns false.
bool usage_no_command(const struct arguments *arguments, const struct command *const *commands, struct ssa_error *err);

// Whether the command accepts what the line gives it. Fails with SSA_USAGE: no command, or arguments that it does not
// take.
bool usage_check(const struct arguments *arguments, const struct command *const *commands,
                 struct ssa_error *err) MUST_CHECK;

bool option_given(const struct arguments *arguments, const struct option *option);

// Its first value, or NULL where it was not given.
const char *option_value(const struct arguments *arguments, const struct option *option);

// All its values, in their order; out has room for GIVEN_MAX. Returns their number.
size_t option_values(const struct arguments *arguments, const struct option *option, const char *out[static GIVEN_MAX]);

// The values that it takes, as text: "auto, plain or wrap". Empty where it takes any.
#define OPTION_VALUES_TEXT 256U
void option_values_text(const struct option *option, char out[static OPTION_VALUES_TEXT]);

// Which of these names (the option's values) is its value; where it was not given, *choice stays as it is. Fails with
// SSA_USAGE and lists the values.
bool option_choice(const struct arguments *arguments, const struct option *option, const char *const *names,
                   size_t *choice, struct ssa_error *err) MUST_CHECK;

// A number of seconds from least to most. Fails with SSA_USAGE and quotes the text.
bool parse_seconds(const char *text, const struct option *option, unsigned least, unsigned most, unsigned *seconds,
                   struct ssa_error *err) MUST_CHECK;

// A number of seconds, or a number with m, h or d. Fails with SSA_USAGE and quotes the text.
bool parse_duration(const char *text, const struct option *option, long long *seconds,
                    struct ssa_error *err) MUST_CHECK;
