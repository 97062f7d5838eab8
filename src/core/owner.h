// Whether a file or folder is ours: it belongs to the user who runs this, or to root, and nobody else may
// write to it. Others are not trusted, because somebody else may have put them there. All checks are by
// descriptor, so that what was checked cannot be exchanged.
#pragma once

#include "core/error.h"

// Whether the open folder is ours. Fails with SSA_CONFIG; the hint has the shell command that mends it.
bool folder_is_ours(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// Whether the open file is ours, is a regular file, and has no second name. Fails like folder_is_ours. Open a
// file that may be a FIFO with O_NONBLOCK, and one that must not be a link with O_NOFOLLOW.
bool file_is_ours(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// The same for a file that may have several names.
bool linked_file_is_ours(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// Opens a folder, which must be ours, for openat(2) and reading. On failure it returns -1 with err filled;
// errno is ENOENT where there is no such folder.
int open_own_folder(const char *path, struct ssa_error *err) MUST_CHECK;
