// Settings in force, beside those in ssa-hsm/settings.h, and profiles.
#pragma once

#include "ssa-hsm/settings.h"

// Where a value comes from.
enum ssa_source { SSA_FROM_NOWHERE, SSA_FROM_OPTION, SSA_FROM_ENVIRONMENT, SSA_FROM_PROFILE, SSA_FROM_DEFAULT };

struct ssa_origin {
    enum ssa_source source;
    const char *name;   // the variable's name there: the client secret has two; NULL for a default
    const char *path;   // of the profile; else NULL
    unsigned long line; // of the profile, from 1
};

#define SSA_PASSED_OVER_MAX 8

struct ssa_setting {
    const char *name;  // the name of its variable ("SSA_HSM_MODULE")
    const char *value; // as it can be shown to anybody; NULL if there is none, or if it is hidden
    bool hidden;       // the value is a secret, or may be one
    bool of_account;   // one of the four that come from one source together
    struct ssa_origin origin;
    // Other places that give it a value which does not count, because origin goes first.
    size_t passed_over_count;
    struct ssa_origin passed_over[SSA_PASSED_OVER_MAX];
};

// Shows each setting once, whether it has a value or not. Then shows the variables of other programs that count here,
// if they are set: https_proxy and others. Neither a secret nor the user and password of an address are shown. show
// borrows the setting.
void ssa_settings_each(const struct ssa_settings *settings,
                       void (*show)(void *context, const struct ssa_setting *setting), void *context);

// Shows the names in environment and profile that begin with SSA_HSM_ and are no settings. near is a setting with a
// similar name, or NULL. show borrows everything.
void ssa_settings_unknown(const struct ssa_settings *settings,
                          void (*show)(void *context, const struct ssa_origin *origin, const char *near),
                          void *context);

// A profile by itself, without the environment. Texts that it does not have are empty.
struct ssa_profile {
    const char *name; // as an option takes it: its name, or its path
    const char *path;
    const char *link; // where the file is, if the path is a symbolic link
    bool usual;       // it is used if no option names another profile
    const char *client_id, *account, *email, *key_id;
    const char *token;             // the label of the PKCS#11 token that its key is on, or new keys are for
    bool has_secret, has_key;      // the client secret itself, or the private key itself, is in the file
    const char *problem;           // others can read the client secret in it, for instance
    const struct ssa_error *error; // why it cannot be used; NULL if it can
};

// Shows each profile of the configuration folder, by name, and those that SSA_HSM_PROFILE names. settings need no
// profile. show borrows the profile.
bool ssa_profile_list(const struct ssa_settings *settings,
                      void (*show)(void *context, const struct ssa_profile *profile), void *context,
                      struct ssa_error *err);

// Shows one profile, by name or path. Fails with SSA_CONFIG if there is none. One that cannot be used is shown.
bool ssa_profile_about(const struct ssa_settings *settings, const char *name,
                       void (*show)(void *context, const struct ssa_profile *profile), void *context,
                       struct ssa_error *err);

// Removes a profile (its name or path), and overwrites its file before. If the path is a link, only the link is
// removed. Account and key stay, at the API and on the PKCS#11 token. Fails with SSA_CONFIG if an operation that is not
// over names the profile; ssa_profile_remove_check only looks for one. run->settings have read this profile, as far as
// it can be read.
bool ssa_profile_remove_check(const struct ssa_run *run, const char *name, struct ssa_error *err);
bool ssa_profile_remove(const struct ssa_run *run, const char *name, struct ssa_error *err);
