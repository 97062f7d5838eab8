// Writing to a descriptor.
#pragma once

#include <sys/types.h>

#include "core/span.h"

// Writes all of text, with as many calls as that takes. On failure errno says why.
bool write_all(int fd, struct span text);

// The same at a place in the file.
bool write_all_at(int fd, struct span text, off_t at);

// Syncs an open file, if its file system can do that. On failure errno says why.
bool write_sync_file(int fd);

// The same, but only for the content.
bool write_sync_data(int fd);

// Reserves room for size bytes, which are zero, in a new file. On failure errno says why.
bool write_reserve(int fd, off_t size);

// Overwrites the first size bytes of a file with zeros, so many at once and from the start, and syncs it. On failure
// errno says why.
enum { ZEROS_AT_ONCE = 4096 };
bool write_zeros(int fd, off_t size);

// Syncs a folder, so that a file that was made, renamed or removed in it stays so after a power loss. On failure errno
// says why.
bool write_sync_folder(const char *path);
