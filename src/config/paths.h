// Where things of ours are kept (XDG Base Directory Specification 0.8).
#ifndef SSA_CONFIG_PATHS_H
#define SSA_CONFIG_PATHS_H

#include "core/error.h"

#define PATH_TEXT_MAX 512U

// $XDG_CONFIG_HOME/ssa-hsm, $XDG_STATE_HOME/ssa-hsm, or their places under $HOME. A relative value counts as
// unset.
bool path_config(char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;
bool path_state(char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// The file of a profile: NAME.env in the configuration, or the path itself where name has a slash.
bool path_profile(const char *name, char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// Whether a folder is the one of the configuration, with its links followed or not.
bool path_is_config(const char *folder);

// Makes a folder of ours and what is missing above it, mode 0700.
bool path_make(const char *folder, struct ssa_error *err) MUST_CHECK;

// The absolute form of a path that exists or not, its links left alone: what a link leads to may change. A
// working directory that is gone leaves it as it is. Fails with SSA_CONFIG when it is too long.
bool path_absolute(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// The same, with links followed where the file exists.
bool path_resolved(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

#endif
