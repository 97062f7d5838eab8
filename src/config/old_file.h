// The file that an existing key comes from. It is held open until it is destroyed: so the file that was read is the one
// that is overwritten, even if another file has its name by then.
#pragma once

#include <sys/stat.h>

#include "core/secret.h"

struct old_file {
    const char *name; // borrowed
    int fd;
    bool standard_input;
    bool writable;
    struct stat about;
};

// Opens file, or takes standard input for "-". Warns of a file that others can read. With shred the file must be one
// that can be destroyed: a regular file, no link, and writable. Fails with SSA_CONFIG.
bool old_file_open(struct old_file *old, const char *file, bool shred, const struct ssa_callbacks *warn,
                   struct ssa_error *err) MUST_CHECK;
void old_file_close(struct old_file *old);

bool old_file_read(const struct old_file *old, const struct ssa_callbacks *callbacks, struct secret *text,
                   struct ssa_error *err) MUST_CHECK;

// Whether a text is what old_file_destroy leaves where it is interrupted: it begins with zeros.
bool old_file_is_overwritten(const struct secret *text);

// Whether path is this very file.
bool old_file_is(const struct old_file *old, const char *path);

// Overwrites its content with zeros, syncs it, and removes its name, unless another file has that name now. Fails with
// SSA_UNEXPECTED.
bool old_file_destroy(const struct old_file *old, struct ssa_error *err) MUST_CHECK;
