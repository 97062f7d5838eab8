// Settings: where each value comes from, and which source wins.
//
// The order is option, environment, profile, default. A profile that an option names comes before the environment. Four
// of the settings come from one source together: see identity.h.
#pragma once

#include "config/setting_names.h"
#include "core/error.h"
#include "core/secret.h"

enum setting_source {
    FROM_OPTION,
    FROM_ENVIRONMENT,
    FROM_PROFILE, // must be the last: its values are kept elsewhere
    SOURCE_COUNT,
    FROM_NOWHERE = SOURCE_COUNT
};

// The value that wins, or NULL. *source (may be NULL) says where it comes from. Empty values count as unset.
const char *settings_get(const struct ssa_settings *s, enum setting id, enum setting_source *source);

// The path of the profile in use, or "" for none.
const char *settings_profile_path(const struct ssa_settings *s);

// Whether an option named the profile, so that the profile comes before the environment.
bool settings_profile_first(const struct ssa_settings *s);

// Settings with the same options and environment, which are borrowed, and without a profile: so that one can be read
// again. A variable of the environment that such a profile refers to is left as it is. NULL when there is no memory.
struct ssa_settings *settings_again(const struct ssa_settings *s, struct ssa_error *err) MUST_CHECK;

// The value in one source; NULL where it has none. An empty value is returned as it is.
const char *settings_from(const struct ssa_settings *s, enum setting_source source, enum setting id);

// The value in one of the profiles, counted from 0. Only one profile is in use.
const char *settings_of_profile(const struct ssa_settings *s, size_t profile, enum setting id);

// The value in the first source that has the setting, also if it is empty there. NULL: none has it.
const char *settings_first(const struct ssa_settings *s, enum setting id);

// The variable that a reference env:NAME reads: its copy in locked memory. NULL where there is none, and for other
// references.
const char *settings_secret_variable(const struct ssa_settings *s, const char *reference);

// The sources in the order in which they are asked.
void settings_order(const struct ssa_settings *s, enum setting_source order[static SOURCE_COUNT]);

// The client secret that a source has, by either of its names: the secret itself, or a reference. NULL where there is
// none.
const char *settings_secret_from(const struct ssa_settings *s, enum setting_source source);

// The value that wins, else the default, or NULL.
const char *settings_or_default(const struct ssa_settings *s, enum setting id);

// Whether SSA_HSM_CACHE names the kernel's keyring. Fails with SSA_CONFIG for a value that is neither that nor "off".
bool settings_names_keyring(const struct ssa_settings *s, bool *named, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_USAGE in a forked child, whose memory lacks what its parent has read: profiles, and the secrets of the
// environment.
bool settings_check_process(const struct ssa_settings *s, struct ssa_error *err) MUST_CHECK;

// The address of the provider's API.
const char *settings_base_url(const struct ssa_settings *settings);
