// The block of six names, as it is written to the profile and as it is shown.
#pragma once

#include "config/settings.h"

// Borrowed. Without a key, key_id and private_key are NULL; secret is NULL where it is not known.
struct profile_block {
    const char *client_id;
    const char *secret; // itself, or a reference to it
    bool secret_is_literal;
    const char *account_id, *key_id, *email, *private_key;
};

// Appends what the profile is to hold: the six names, and the settings that are not the defaults (base URL,
// audience, CA, and the module where no key's URI names it). So the next shell asks the same server.
bool profile_block_write(const struct profile_block *block, const struct ssa_run *run, struct secret *out,
                         struct ssa_error *err) MUST_CHECK;

// Whether profile_block_write may write a name. with_secret tells whether the client secret's counts.
bool profile_block_has(const char *name, bool with_secret);

// Appends what is shown: the same six. In the place of a literal secret it says where that is, unless
// show_secret.
bool profile_block_show(const struct profile_block *block, const char *profile_path, bool show_secret,
                        struct secret *out, struct ssa_error *err) MUST_CHECK;
