// Locks on files: by flock(2), else, on file systems that have none, by open file description (fcntl(2)).
// A lock ends when its descriptor is closed, at the latest when the process ends. A child that inherits the
// descriptor has the lock, too.
#ifndef SSA_CORE_FILE_LOCK_H
#define SSA_CORE_FILE_LOCK_H

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
    long long most_ms;                     // 0: not at all
    // For one process that has it, 0: as long. With a limit, who takes the lock leaves the time on the file,
    // so that the others see that it changes hands.
    long long holder_ms;
    const char *told; // SSA_PROGRESS after a second; NULL: nothing is told
};

// Takes the lock. LOCK_BUSY where it took too long, or the person wants to stop.
enum lock_outcome file_lock(int fd, const struct lock_patience *patience);

// Gives it back. The descriptor stays open.
void file_unlock(int fd);

#endif
