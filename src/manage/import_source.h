// The file that an existing key is imported from: what it says, whether it may be destroyed, and its end.
#pragma once

#include "config/old_block.h"
#include "config/old_file.h"
#include "config/paths.h"
#include "config/settings.h"
#include "core/rsa_key.h"

struct import_source {
    struct old_file file;
    struct old_file key_file; // the file that the block names; fd is -1 where there is none
    char key_path[PATH_TEXT_MAX];
    struct old_block old;
    struct secret text; // the file's; old points into it
    struct secret pem;
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
    bool spent;    // an interrupted destruction has taken the key: only the rest is left to be destroyed
    bool replaced; // the profile will replace the file
};
void import_source_end(struct import_source *source);

// Opens and reads the file, and the key's own file. A malformed key is found here, before a PIN is asked for. Fails
// with SSA_CONFIG.
bool import_source_read(struct import_source *source, const struct ssa_run *run, const char *file, bool shred,
                        struct ssa_error *err) MUST_CHECK;

// The file that has the key, for messages.
const char *import_source_of_key(const struct import_source *source);

// The error about a source whose key is gone and whose import is not known. Returns false.
bool import_source_spent(const struct import_source *source, struct ssa_error *err);

// Whether nothing is lost with the file. This is checked before a PIN is asked for, and again after it: a person may
// have needed a while, and another file may have the name by then.
bool import_source_may_go(const struct import_source *source, bool shred, struct ssa_error *err) MUST_CHECK;

// Destroys the file or leaves it. The profile may have replaced it.
void import_source_dispose(const struct import_source *source, const struct ssa_run *run, bool shred,
                           struct ssa_created *created);
