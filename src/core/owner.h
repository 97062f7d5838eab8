// Whether a file or a folder is ours: it belongs to whoever runs this, or to root, and nobody else may write
// to it. What is not is not believed: another may have put it there. Looked at by descriptor, so that it
// stays what was looked at.
#ifndef SSA_CORE_OWNER_H
#define SSA_CORE_OWNER_H

#include "core/error.h"

// Whether the open folder is ours. Fails with SSA_CONFIG, and the command that mends it in the hint.
bool folder_is_ours(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// Whether the open file is ours, is a regular one, and has no second name. Fails like folder_is_ours. A file
// that may be a FIFO is opened with O_NONBLOCK, and one that must be no link with O_NOFOLLOW.
bool file_is_ours(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// The same of a file that may have several names.
bool linked_file_is_ours(int fd, const char *path, struct ssa_error *err) MUST_CHECK;

// Opens a folder, for openat(2) and reading, that must be ours. Gives -1 with err filled; errno is ENOENT
// where there is none.
int open_own_folder(const char *path, struct ssa_error *err) MUST_CHECK;

#endif
