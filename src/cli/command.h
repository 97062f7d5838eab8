// A command: what a person types, and the function that does it.
#ifndef SSA_CLI_COMMAND_H
#define SSA_CLI_COMMAND_H

#include "cli/options.h"

// What a command is given.
struct invocation {
    const struct arguments *arguments;
    const char *const *words; // behind the command's name
    size_t word_count;
    struct ssa_settings *settings; // main's own; exec frees them, since it never comes back
    struct ssa_run run;
    struct ssa_ending *ending; // how the command ended, beside its error
};

enum { COMMAND_OPTIONS_MAX = 12 };

struct command {
    const char *name;      // one or two words
    const char *arguments; // for the help
    const char *help;
    size_t words_min, words_max;
    bool falls_back;                          // takes several profiles
    bool writes_profile;                      // --profile names what is written, and need not exist
    bool same_account;                        // then it is for the account that the usual profile names
    enum option options[COMMAND_OPTIONS_MAX]; // its own, beside the common ones
    size_t option_count;
    // Returns true, or false with err filled.
    bool (*run)(const struct invocation *invocation, struct ssa_error *err);
};

extern const struct command command_table[];
extern const size_t command_count;

bool command_account_create(const struct invocation *, struct ssa_error *);
bool command_account_delete(const struct invocation *, struct ssa_error *);
bool command_account_disable(const struct invocation *, struct ssa_error *);
bool command_account_enable(const struct invocation *, struct ssa_error *);
bool command_account_list(const struct invocation *, struct ssa_error *);
bool command_account_show(const struct invocation *, struct ssa_error *);
bool command_exec(const struct invocation *, struct ssa_error *);
bool command_hsm_list(const struct invocation *, struct ssa_error *);
bool command_history(const struct invocation *, struct ssa_error *);
bool command_jwt(const struct invocation *, struct ssa_error *);
bool command_key_create(const struct invocation *, struct ssa_error *);
bool command_key_delete(const struct invocation *, struct ssa_error *);
bool command_key_disable(const struct invocation *, struct ssa_error *);
bool command_key_enable(const struct invocation *, struct ssa_error *);
bool command_key_list(const struct invocation *, struct ssa_error *);
bool command_key_show(const struct invocation *, struct ssa_error *);
bool command_key_verify(const struct invocation *, struct ssa_error *);
bool command_key_import(const struct invocation *, struct ssa_error *);
bool command_key_prune(const struct invocation *, struct ssa_error *);
bool command_key_recover(const struct invocation *, struct ssa_error *);
bool command_key_rotate(const struct invocation *, struct ssa_error *);
bool command_secret_import(const struct invocation *, struct ssa_error *);
bool command_secret_remove(const struct invocation *, struct ssa_error *);
bool command_token(const struct invocation *, struct ssa_error *);

#endif
