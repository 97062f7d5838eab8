// A profile's file: its place made sure of before the API is asked, then filled at once or not at all.
#ifndef SSA_CONFIG_PROFILE_WRITE_H
#define SSA_CONFIG_PROFILE_WRITE_H

#include "config/paths.h"
#include "core/secret.h"

#define PROFILE_MAX 16384U // bytes of a profile that we write

struct profile_target {
    char path[PATH_TEXT_MAX];   // where it will be, a link followed
    char folder[PATH_TEXT_MAX]; // in which it is
    char draft[PATH_TEXT_MAX];  // the temporary file beside it; empty before it exists and after it was taken
    int fd;
    bool replace;
};

// Chooses the file that *output names (with run's settings), and the temporary one beside it, whose name ends
// in suffix; refuses a file that exists unless it is to be replaced. Makes nothing. Fails with SSA_CONFIG.
bool profile_choose(struct profile_target *target, const struct ssa_run *run, const struct ssa_output *output,
                    const char *suffix, struct ssa_error *err) MUST_CHECK;

// Makes the temporary file, of full size and synced: so a folder that cannot be written and a disk that is
// full are known now. Fails with SSA_CONFIG. The caller ends it with profile_commit or profile_abandon.
bool profile_reserve(struct profile_target *target, struct ssa_error *err) MUST_CHECK;

// Writes the text, mode 0600, syncs, renames, syncs the folder. On failure the file that was there is as it
// was.
bool profile_commit(struct profile_target *target, struct span text, struct ssa_error *err) MUST_CHECK;

// Removes the temporary file; harmless after a commit.
void profile_abandon(struct profile_target *target);
#define PROFILE_AUTO __attribute__((cleanup(profile_abandon))) struct profile_target

#endif
