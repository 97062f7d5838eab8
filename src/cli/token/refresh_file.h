// The file with an access token that is kept fresh: replaced as a whole, so that a reader never sees a part.
#pragma once

#include <sys/types.h>

#include "config/paths.h"
#include "core/span.h"

struct refresh_file {
    char path[PATH_TEXT_MAX]; // absolute
    char draft[PATH_TEXT_MAX];
    bool written; // what this program wrote last may still be there
    dev_t device;
    ino_t inode;
};

// Takes the path, and sees that a file can be written there. Fails with SSA_CONFIG, also where something else than a
// file is there.
bool refresh_file_choose(struct refresh_file *file, const char *path, struct ssa_error *err) MUST_CHECK;

// Replaces the file, with mode 0600. On failure the old one is still there.
bool refresh_file_write(struct refresh_file *file, struct span text, struct ssa_error *err) MUST_CHECK;

// Removes it, unless something else has taken its place.
void refresh_file_remove(struct refresh_file *file);
