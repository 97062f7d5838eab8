// Writing a profile's file. Before the API is asked, a temporary file of full size is made beside it. It takes the
// profile's place when it is complete.
#pragma once

#include "config/paths.h"
#include "config/profile_block.h"

struct profile_target {
    char path[PATH_TEXT_MAX];   // of the profile, with a link followed
    char folder[PATH_TEXT_MAX]; // of the profile
    char draft[PATH_TEXT_MAX];  // the temporary file beside it; empty where there is none
    int fd;
    bool replace;
};

// Chooses the file that *output and the settings name, and the temporary one beside it, whose name ends in suffix.
// Makes no file. Fails with SSA_CONFIG, also where the file exists and is not to be replaced.
bool profile_choose(struct profile_target *target, const struct ssa_run *run, const struct ssa_output *output,
                    const char *suffix, struct ssa_error *err) MUST_CHECK;

// Makes the temporary file, of full size and synced: so a full disk, or a folder that cannot be written, is found now.
// Fails with SSA_CONFIG. profile_commit or profile_abandon must follow.
bool profile_reserve(struct profile_target *target, struct ssa_error *err) MUST_CHECK;

// Writes the text, mode 0600, syncs, renames, syncs the folder. On failure the old file stays as it was.
bool profile_commit(struct profile_target *target, struct span text, struct ssa_error *err) MUST_CHECK;

// Removes the temporary file. Does nothing after a commit.
void profile_abandon(struct profile_target *target);
#define PROFILE_AUTO __attribute__((cleanup(profile_abandon))) struct profile_target

// Removes the temporary file that an interrupted operation has left, if it is there. A link, or another user's file, is
// not removed. Fails with SSA_CONFIG.
bool profile_draft_remove(const char *draft, struct ssa_error *err) MUST_CHECK;

// Whether a name is ours, so that it is written again.
typedef bool profile_name_is_ours(const char *name);

// Appends the lines of the file at path that do not have our names: settings of others, and comments; without
// with_secret also the client secret's, which is not written again. A file that does not exist has none. Fails with
// SSA_CONFIG when the file cannot be read, is malformed, or does not fit.
bool profile_others_append(const char *path, profile_name_is_ours *ours, bool with_secret, struct secret *out,
                           struct ssa_error *err) MUST_CHECK;

#define PROFILE_EDIT_MAX 67584U // bytes of a profile of any length, and one more line

// Appends the text of the file at path with one change: line, with its line break, takes the place of the first line
// with one of our names, and further ones are left out. Without such a line it comes at the end. Fails with SSA_CONFIG.
bool profile_text_with(const char *path, profile_name_is_ours *ours, const char *line, struct secret *out,
                       struct ssa_error *err) MUST_CHECK;
