// The block of six names: as it goes into the profile, and as it is shown.
#ifndef SSA_CONFIG_PROFILE_BLOCK_H
#define SSA_CONFIG_PROFILE_BLOCK_H

#include "config/profile_write.h"
#include "config/settings.h"

// Borrowed. Without a key, key_id and private_key are NULL; secret is NULL where it is not known.
struct profile_block {
    const char *client_id;
    const char *secret; // itself, or a reference to it
    bool secret_is_literal;
    const char *account_id, *key_id, *email, *private_key;
};

// Appends what the profile holds: the six names, and the settings that are not the defaults (base URL,
// audience, CA, and the module where no key's URI carries it), so that the next shell asks the same server.
bool profile_block_write(const struct profile_block *block, const struct ssa_run *run, struct secret *out,
                         struct ssa_error *err) MUST_CHECK;

// Whether a name is one of those that profile_block_write may write, the client secret's among them or not.
bool profile_block_has(const char *name, bool with_secret);

// Appends what is shown: the same six, but of a literal secret only where it is, unless show_secret.
bool profile_block_show(const struct profile_block *block, const char *profile_path, bool show_secret,
                        struct secret *out, struct ssa_error *err) MUST_CHECK;

#endif
