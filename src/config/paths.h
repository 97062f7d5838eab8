// Where this program keeps its files (XDG Base Directory Specification 0.8).
#pragma once

#include "core/error.h"

#define PATH_TEXT_MAX 512U

// Formats a path. Fails with SSA_CONFIG where it is too long: a path that was cut off would name another file.
bool path_format(char out[static PATH_TEXT_MAX], struct ssa_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4))) MUST_CHECK;

// The folders of the configuration and of the state: $XDG_CONFIG_HOME/ssa-hsm and $XDG_STATE_HOME/ssa-hsm, or their
// places under $HOME. A relative value counts as unset.
bool path_config(char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;
bool path_state(char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// The profile where none is named.
#define PROFILE_DEFAULT "default"

// The file of a profile: NAME.env in the configuration folder. A name with a slash is itself the path.
bool path_profile(const char *name, char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// Whether a folder is the configuration folder. Links are followed.
bool path_is_config(const char *folder);

// Makes a folder and those that are missing above it, mode 0700.
bool path_make(const char *folder, struct ssa_error *err) MUST_CHECK;

// Makes a path absolute, whether it exists or not. Links are not followed, since they may change. Where the working
// directory was removed, the path stays as it is. Fails with SSA_CONFIG when it is too long.
bool path_absolute(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// The same, with the links of the file's folder followed, so that there is no ".." in it where that folder exists. A
// link that the file itself is stays.
bool path_of_name(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// The same, with links followed where the file exists.
bool path_resolved(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;
