// What settings are inside. For the files that fill them: environment.c, profiles.c, settings.c.
#ifndef SSA_CONFIG_SETTINGS_OWN_H
#define SSA_CONFIG_SETTINGS_OWN_H

#include "config/paths.h"
#include "config/settings.h"

enum { VARIABLES_MAX = 32 };

// A profile that was read.
struct profile_read {
    char name[PATH_TEXT_MAX]; // as it was given
    char path[PATH_TEXT_MAX];
    struct secret text; // the file's; values point into it
    const char *values[SETTING_COUNT];
    const char *alias;
};

struct ssa_settings {
    const char *values[FROM_PROFILE][SETTING_COUNT];
    const char *alias[FROM_PROFILE];
    char **entries; // of the environment, which a profile may refer to
    bool overwrite;
    struct secret environment; // copies of what was secret there
    struct {
        struct span name;
        const char *value;
    } variables[VARIABLES_MAX]; // which env:NAME reads
    size_t variable_count;
    struct profile_read *profiles; // in the order in which they are used
    size_t profile_count, current;
    bool profile_first;
};

// Moves the variables that a source's env:NAME read to locked memory: a process of ours that asks unknown
// modules for their tokens has no business with them.
bool settings_secure_variables(struct ssa_settings *s, const char *const values[static SETTING_COUNT],
                               const char *alias, struct ssa_error *err) MUST_CHECK;

void profiles_free(struct ssa_settings *s);

#endif
