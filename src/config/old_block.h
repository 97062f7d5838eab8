// What the file of an existing key says: an old block of names in any of the spellings that are about, or a
// PEM.
#pragma once

#include "config/old_key.h"
#include "config/setting_names.h"

#define OLD_KEYS_MAX 4U

// Values point into the text that was read.
struct old_block {
    const char *values[SETTING_COUNT]; // but for the key
    const char *names[SETTING_COUNT];  // how each is called there
    struct {
        const char *name, *value;
    } keys[OLD_KEYS_MAX]; // all that are there: they must be one
    size_t key_count;
    const char *key_path, *key_path_name; // the file that the key is in
    struct {
        const char *name, *value;
    } kept; // the first of the settings that a profile has beside the six names
    // What else is there, in a few words; "" for nothing: names of others, and what stands beside the PEM.
    char other[OLD_NAME_MAX], beside[OLD_NAME_MAX];
    char behind[OLD_NAME_MAX]; // what a comment behind a value says, which goes with its line
};

// Reads an old block; text is taken apart in place. in_use says what a setting is at, for those that the new
// profile will say by itself. Fails with SSA_CONFIG where two names contradict each other.
bool old_block_read(struct secret *text, const char *file, const char *(*in_use)(const void *, enum setting),
                    const void *context, struct old_block *old, struct ssa_error *err) MUST_CHECK;

// Puts the block's key into pem. Keys under several names must be the same.
bool old_block_key(struct old_block *old, const char *file, struct secret *pem, struct ssa_error *err) MUST_CHECK;
