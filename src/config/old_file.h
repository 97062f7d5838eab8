// The file that an existing key comes from, held open from its first byte to its destruction: what is
// overwritten in the end is what was read, whatever its name stands for by then.
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

// Opens file, or takes standard input for "-". With shred it must be one that can be destroyed: a regular
// file, no link, writable; else SSA_CONFIG. One that others can read is told to warn.
bool old_file_open(struct old_file *old, const char *file, bool shred, const struct ssa_callbacks *warn,
                   struct ssa_error *err) MUST_CHECK;
void old_file_close(struct old_file *old);
#define OLD_FILE_AUTO __attribute__((cleanup(old_file_close))) struct old_file

bool old_file_read(const struct old_file *old, const struct ssa_callbacks *callbacks, struct secret *text,
                   struct ssa_error *err) MUST_CHECK;

// Whether path is this very file.
bool old_file_is(const struct old_file *old, const char *path);

// Overwrites its content with zeros and syncs, then removes its name where that still is its own. Fails with
// SSA_UNEXPECTED.
bool old_file_destroy(const struct old_file *old, struct ssa_error *err) MUST_CHECK;
