// The block of six names, as it is written to a profile and as it is shown.
#pragma once

#include "config/settings.h"

#define PROFILE_MAX 16384U // bytes of a profile that is written

// Borrowed. Without a key, key_id and private_key are NULL; secret is NULL where it is not known.
struct profile_block {
    const char *client_id;
    const char *secret; // itself, or a reference to it
    bool secret_is_literal;
    const char *account_id, *key_id, *email, *private_key;
};

// Appends what the profile will hold: the six names, and the settings that are not the defaults (base URL, audience,
// CA, and, without a key's URI, module and token). So the next shell uses the same server.
bool profile_block_write(const struct profile_block *block, const struct ssa_run *run, struct secret *out,
                         struct ssa_error *err) MUST_CHECK;

// Whether a profile can hold the block. Fails as profile_block_write does.
bool profile_block_check(const struct profile_block *block, const struct ssa_run *run,
                         struct ssa_error *err) MUST_CHECK;

// Whether profile_block_write may write a name.
bool profile_block_has(const char *name);

// Appends the same six names, to be shown. A secret that the profile itself holds is left out, unless show_secret is
// set; a comment says where it is.
bool profile_block_show(const struct profile_block *block, const char *profile_path, bool show_secret,
                        struct secret *out, struct ssa_error *err) MUST_CHECK;
