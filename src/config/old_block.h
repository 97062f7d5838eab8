// What the file of an existing key says: an old block of names, in any of the spellings in use, the API's JSON, or a
// PEM.
#pragma once

#include "config/old_key.h"
#include "config/paths.h"
#include "config/settings.h"

#define OLD_KEYS_MAX 4U

// Values point into the text that was read.
struct old_block {
    const char *values[SETTING_COUNT]; // without the key
    const char *names[SETTING_COUNT];  // the name that each has in the file
    struct {
        const char *name, *value;
    } keys[OLD_KEYS_MAX]; // all that the file has; they must be the same
    size_t key_count;
    const char *key_path, *key_path_name; // the file that has the key
    struct {
        const char *name, *value;
    } kept; // the first setting that a profile may have beside the six names
    // What else the file has, in a few words; "" for nothing.
    char other[OLD_NAME_MAX];  // a name that is not ours, or a comment
    char beside[OLD_NAME_MAX]; // a text beside the PEM
    char behind[OLD_NAME_MAX]; // a comment after a value: it would be lost with its line
};

// Reads an old block, or the API's JSON. The values point into text, which is changed. A setting that has the same
// value in in_use, too, is not lost with the block. Fails with SSA_CONFIG where two names
// contradict each other.
bool old_block_read(struct secret *text, const char *file, const struct ssa_settings *in_use, struct old_block *old,
                    struct ssa_error *err) MUST_CHECK;

// Puts the block's key into pem. Keys under several names must be the same.
bool old_block_key(struct old_block *old, const char *file, struct secret *pem, struct ssa_error *err) MUST_CHECK;

// The path of the file that the block names as the key's. file is the block's own; NULL for standard input. Fails with
// SSA_CONFIG where it may be one of two files.
bool old_block_key_path(const struct old_block *old, const char *file, char path[static PATH_TEXT_MAX],
                        struct ssa_error *err) MUST_CHECK;
