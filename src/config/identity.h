// The four settings that say who the service account is and which key it uses: SERVICE_ACCOUNT_ID, KEY_ID, SSA_EMAIL
// and PRIVATE_KEY. All four come from one source: an old block that is still in a shell's environment must not be mixed
// with a profile whose key was rotated.
#pragma once

#include "config/settings.h"

// Borrowed from the settings.
struct identity {
    const char *account_id, *key_id, *email, *private_key;
    enum setting_source source;
};

// Whether a setting is one of the four.
bool identity_has(enum setting id);

// The first source that has any of the four: all four come from it. FROM_NOWHERE where no source has one.
enum setting_source identity_source(const struct ssa_settings *s);

// Takes them from the first source that has any of the four. Fails with SSA_CONFIG where no source has one, where that
// source lacks others, or where PRIVATE_KEY is not a PKCS#11 URI. Without with_key only the account is needed.
bool identity_read(const struct ssa_settings *s, bool with_key, struct identity *identity,
                   struct ssa_error *err) MUST_CHECK;

// The profile's KEY_ID where the environment has another one, which is used in its place; else NULL.
const char *identity_shadowed_key_id(const struct ssa_settings *s);
