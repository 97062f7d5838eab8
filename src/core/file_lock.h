// Locks on files: by flock(2), or, on file systems without it, by open file description (fcntl(2)). A lock
// ends when its descriptor is closed, at the latest with the process. A child that inherits the descriptor
// has the lock, too.
#pragma once

#include "ssa-hsm.h"

enum lock_outcome {
    LOCK_TAKEN,
    LOCK_BUSY,      // another process has it
    LOCK_IMPOSSIBLE // this file system has no locks (NFS without its lock daemon); errno says why
};

// Tries once, without waiting. The file must be open for writing where flock(2) does not work.
enum lock_outcome file_try_lock(int fd);

// How long a lock is waited for.
struct lock_patience {
    const struct ssa_callbacks *callbacks; // waiting ends when the person wants to stop
    long long most_ms;                     // 0: no waiting
    // The same, while one and the same process has the lock; 0: no other limit than most_ms. With this limit,
    // each process that takes the lock sets the time of the file, so that the others see that it changes
    // hands.
    long long holder_ms;
    const char *told; // told as SSA_PROGRESS after a second; NULL for nothing
    bool flock_alone; // by flock(2) or not at all: the file stands for others that are locked so
};

// Takes the lock. LOCK_BUSY where it took too long, or the person wants to stop.
enum lock_outcome file_lock(int fd, const struct lock_patience *patience);

// Unlocks the file. The descriptor stays open.
void file_unlock(int fd);
