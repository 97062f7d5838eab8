// The inside of settings, for the files that fill and read them: environment.c, profiles.c and settings.c.
#pragma once

#include <sys/types.h>

#include "config/paths.h"
#include "config/settings.h"
#include "core/file_mark.h"

enum { VARIABLES_MAX = 32, UNKNOWN_MAX = 8 };

// What the names of settings begin with that no other program has.
#define OWN_PREFIX "SSA_HSM_"

// A profile that was read.
struct profile_read {
    char name[PATH_TEXT_MAX]; // as it was given
    char path[PATH_TEXT_MAX];
    struct file_mark file;
    struct secret text; // the file's; values point into it
    const char *values[SETTING_COUNT];
    size_t lines[SETTING_COUNT]; // where each value begins; 0: there is none
    struct {
        const char *name;
        size_t line;
    } unknown[UNKNOWN_MAX]; // the first names that look like settings, and are none
    size_t unknown_count;
};

struct ssa_settings {
    const char *values[FROM_PROFILE][SETTING_COUNT];
    char **entries; // of the environment: a profile may refer to them
    bool overwrite;
    struct secret environment; // copies of its secrets
    pid_t process;             // that has read secrets and profiles, which its children do not have; 0: there are none
    struct {
        struct span name;
        const char *value;
    } variables[VARIABLES_MAX]; // that env:NAME reads
    size_t variable_count;
    struct profile_read *profiles; // in the order in which they are used
    size_t profile_count, current;
    bool profile_first;
};

// Moves the variables that references env:NAME among the values of one source read to locked memory: a child that loads
// unknown modules must not have them.
bool settings_secure_variables(struct ssa_settings *s, const char *const values[static SETTING_COUNT],
                               struct ssa_error *err) MUST_CHECK;

// Whether a reference env:NAME in any source reads this variable.
bool settings_read_variable(const struct ssa_settings *s, const char *name);

// Before text is read to protected memory.
void settings_note_process(struct ssa_settings *s);

void profiles_free(struct ssa_settings *s);
