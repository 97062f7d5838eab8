// What a profile holds beside our names: other people's settings, and comments, which outlive its
// replacement.
#ifndef SSA_CONFIG_PROFILE_OTHERS_H
#define SSA_CONFIG_PROFILE_OTHERS_H

#include "core/secret.h"

// Appends the lines of the file at path that block_write would not write (with_secret: nor the client
// secret), as they stand. A file that does not exist has none. Fails with SSA_CONFIG when it cannot be read,
// is malformed, or does not fit.
bool rest_append(const char *path, bool with_secret, struct secret *out, struct ssa_error *err) MUST_CHECK;

// The same with another word on which names are ours.
typedef bool rest_ours(const char *name, bool with_secret);
bool rest_append_by(const char *path, rest_ours *ours, bool with_secret, struct secret *out,
                    struct ssa_error *err) MUST_CHECK;

#endif
