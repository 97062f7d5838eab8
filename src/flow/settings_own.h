// What settings are inside. For the files that fill them: settings.c, profiles.c.
#ifndef SSA_FLOW_SETTINGS_OWN_H
#define SSA_FLOW_SETTINGS_OWN_H

#include "flow/settings.h"

enum { VARIABLES_MAX = 16 };

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
    struct secret environment; // copies of what was secret there
    struct {
        const char *name, *value; // of variables that env:NAME reads
    } variables[VARIABLES_MAX];
    size_t variable_count;
    struct profile_read *profiles; // in the order in which they are used
    size_t profile_count, current;
    bool profile_first;
};

// The setting of that name; SETTING_COUNT where there is none.
enum setting setting_find(const char *name, size_t len);

// Whether it is the other name of the client secret.
bool setting_is_alias(const char *name, size_t len);

void profiles_free(struct ssa_settings *s);

#endif
