// Writing a profile's file: its place is secured before the API is asked, then it is filled at once or not at
// all.
#pragma once

#include "config/paths.h"
#include "core/secret.h"

#define PROFILE_MAX 16384U // bytes of a profile that is written

struct profile_target {
    char path[PATH_TEXT_MAX];   // of the profile, with a link followed
    char folder[PATH_TEXT_MAX]; // that it is in
    char draft[PATH_TEXT_MAX];  // the temporary file beside it; empty once there is none
    int fd;
    bool replace;
};

// Chooses the file that *output and the settings name, and the temporary one beside it, whose name ends in
// suffix. Refuses a file that exists unless it is to be replaced. Makes nothing. Fails with SSA_CONFIG.
bool profile_choose(struct profile_target *target, const struct ssa_run *run, const struct ssa_output *output,
                    const char *suffix, struct ssa_error *err) MUST_CHECK;

// Makes the temporary file, of full size and synced, so that a folder that cannot be written and a full disk
// show now. Fails with SSA_CONFIG. profile_commit or profile_abandon must follow.
bool profile_reserve(struct profile_target *target, struct ssa_error *err) MUST_CHECK;

// Writes the text, mode 0600, syncs, renames, syncs the folder. On failure the old file stays as it was.
bool profile_commit(struct profile_target *target, struct span text, struct ssa_error *err) MUST_CHECK;

// Removes the temporary file. Does nothing after a commit.
void profile_abandon(struct profile_target *target);
#define PROFILE_AUTO __attribute__((cleanup(profile_abandon))) struct profile_target
