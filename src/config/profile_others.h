// What a profile holds beside our names: other people's settings, and comments. They outlive its replacement.
#pragma once

#include "core/secret.h"

// Whether a name is ours, so that it is written anew; the client secret's name is with with_secret alone.
typedef bool profile_name_is_ours(const char *name, bool with_secret);

// Appends the other lines of the file at path, as they stand. A file that does not exist has none. Fails with
// SSA_CONFIG when the file cannot be read, is malformed, or does not fit.
bool profile_others_append(const char *path, profile_name_is_ours *ours, bool with_secret, struct secret *out,
                           struct ssa_error *err) MUST_CHECK;
