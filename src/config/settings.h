// Settings: where each value comes from, and which source wins.
//
// Option, then environment, then profile, then default; a profile that was named by an option goes before the
// environment. Four of the names are one unit: see identity.h.
#ifndef SSA_CONFIG_SETTINGS_H
#define SSA_CONFIG_SETTINGS_H

#include "config/setting_names.h"
#include "core/error.h"
#include "core/secret.h"

enum setting_source {
    FROM_OPTION,
    FROM_ENVIRONMENT,
    FROM_PROFILE, // the last: its values are kept elsewhere
    SOURCE_COUNT,
    FROM_NOWHERE = SOURCE_COUNT
};

// The value that wins, or NULL; *source (may be NULL) says where it is from. Empty values count as unset.
const char *settings_get(const struct ssa_settings *s, enum setting id, enum setting_source *source);

// The path of the profile in use, or "" for none.
const char *settings_profile_path(const struct ssa_settings *s);

// Whether the profile was named by an option, so that it goes before the environment.
bool settings_profile_first(const struct ssa_settings *s);

// What one source says, NULL where it does not; empty values are told apart from missing ones.
const char *settings_from(const struct ssa_settings *s, enum setting_source source, enum setting id);

// What one of the profiles says, counted from 0: of several, one alone is in use.
const char *settings_of_profile(const struct ssa_settings *s, size_t profile, enum setting id);

// The copy in locked memory of the variable that the reference env:NAME reads, where one was made; NULL for
// any other.
const char *settings_secret_variable(const struct ssa_settings *s, const char *reference);

// The sources in the order in which they are asked.
void settings_order(const struct ssa_settings *s, enum setting_source order[static SOURCE_COUNT]);

// Where the provider's API is dialled.
const char *settings_base_url(const struct ssa_settings *settings);

#endif
