// Which profiles are used, and the settings with each of them.
#pragma once

#include "config/paths.h"
#include "config/settings.h"

struct profile_names {
    char list[SSA_PROFILES_MAX][PATH_TEXT_MAX];
    size_t count;
};

// Splits a list of profile names at each ":". A path that exists is one name, even with a ":" in it. Fails with
// SSA_CONFIG.
bool profile_names_split(const char *text, struct profile_names *names, struct ssa_error *err) MUST_CHECK;

size_t settings_profile_count(const struct ssa_settings *s);

// The line of the profile in use where a setting's value begins; 0 where it has none.
size_t settings_profile_line(const struct ssa_settings *s, enum setting id);

// The name of the profile in use, as it was given, or "" for none.
const char *settings_profile_name(const struct ssa_settings *s);

// Whether the file of one of them was written, replaced or removed since it was read.
bool settings_profile_changed(const struct ssa_settings *s);

// The settings with another of their profiles in use. The view borrows all their values. NULL when there is no memory.
struct ssa_settings *settings_with_profile(const struct ssa_settings *s, size_t profile);
// The same with the profile that is in use.
struct ssa_settings *settings_view(const struct ssa_settings *s);
// The view becomes the same as another one, at its address.
void settings_view_replace(struct ssa_settings *view, const struct ssa_settings *other);
void settings_view_end(struct ssa_settings **view);
#define SETTINGS_VIEW_AUTO __attribute__((cleanup(settings_view_end))) struct ssa_settings
