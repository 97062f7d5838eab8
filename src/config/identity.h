// The four names that say who the service account is and which key is its own: SERVICE_ACCOUNT_ID, KEY_ID,
// SSA_EMAIL and PRIVATE_KEY. A shell that still has last month's block sourced must not mix it with a profile
// whose key was rotated.
#ifndef SSA_CONFIG_IDENTITY_H
#define SSA_CONFIG_IDENTITY_H

#include "config/settings.h"

// The four names that belong together, all from one source. Borrowed.
struct identity {
    const char *account_id, *key_id, *email, *private_key;
    enum setting_source source;
};

// Takes the unit from the first source that has any of it. Fails with SSA_CONFIG: none has, some are missing
// (named), PRIVATE_KEY is a PEM (with a pointer to key import). with_key false asks for the account alone.
bool identity_read(const struct ssa_settings *s, bool with_key, struct identity *identity,
                   struct ssa_error *err) MUST_CHECK;

// The KEY_ID of the profile that would have served had the environment's block not gone before it, or NULL.
const char *identity_shadowed_key_id(const struct ssa_settings *s);

#endif
