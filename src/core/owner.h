// Whether a file or folder is ours: it belongs to the user who runs this, or to root, and nobody else may write to it.
// Any other one is not trusted, because somebody else may have made it. All checks use a descriptor, so that nobody can
// exchange the file after the check.
#pragma once

#include "core/error.h"

// Whether the open folder is ours. Fails with SSA_CONFIG. The hint has the shell command that helps.
bool owner_check_folder(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// Whether the open file is ours, is a regular file, and has no second name. Fails like owner_check_folder. Open a file
// that may be a FIFO with O_NONBLOCK, and one that must not be a link with O_NOFOLLOW.
bool owner_check_file(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// The same for a file that may have several names.
bool owner_check_linked_file(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// Adds the shell command that gives us access to a folder which denies it. Returns false.
bool owner_hint_denied(const char *path, struct ssa_error *err);

// Opens a folder, which must be ours, for openat(2) and reading. On failure it returns -1 with err filled. errno is
// ENOENT if there is no such folder.
int owner_open_folder(const char *path, struct ssa_error *err) MUST_CHECK;
