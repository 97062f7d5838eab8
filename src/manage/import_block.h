// What the file of an existing key says: an old block of names in any of the spellings that are about, or a
// PEM.
#pragma once

#include "config/setting_names.h"
#include "core/secret.h"

#define OLD_KEYS_MAX 4U
#define OLD_NAME_MAX 128U

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

// Whether a profile that takes the block's place has no use for a name: it says the same under its own.
bool old_name_is_replaced(const char *name, bool with_secret);

// Reads an old block; text is taken apart in place. in_use says what a setting is at, for those that the new
// profile will say by itself. Fails with SSA_CONFIG where two names contradict each other.
bool old_block_read(struct secret *text, const char *file, const char *(*in_use)(const void *, enum setting),
                    const void *context, struct old_block *old, struct ssa_error *err) MUST_CHECK;

// Whether text is a PEM, or base64 of one, without any names.
bool old_text_is_key(const struct secret *text);

// Puts the PEM that text holds into pem: as it is, on one line with its breaks as \n, or as base64 of either.
// Other text beside it, or another block, is told in beside. Fails with SSA_CONFIG; two private keys are an
// error, since one of them would be a guess.
bool old_key_take(struct secret *pem, const char *text, const char *file, char beside[static OLD_NAME_MAX],
                  struct ssa_error *err) MUST_CHECK;

// Puts the block's key into pem. Keys under several names must be the same.
bool old_block_key(struct old_block *old, const char *file, struct secret *pem,
                   struct ssa_error *err) MUST_CHECK;
