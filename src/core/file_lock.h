// Locks on files, by flock(2), or on file systems without it by open file description (fcntl(2)). A lock ends when its
// descriptor is closed, or with the process. A child process that inherits the descriptor has the lock, too.
#pragma once

#include "ssa-hsm.h"

enum lock_outcome {
    LOCK_TAKEN,
    LOCK_BUSY,      // another process has it
    LOCK_IMPOSSIBLE // this file system has no locks (NFS without its lock daemon); errno says why
};

// Tries once, without waiting. The file must be open for writing where flock(2) does not work.
enum lock_outcome file_try_lock(int fd);

// How long file_lock waits.
struct lock_patience {
    const struct ssa_callbacks *callbacks; // waiting ends when the person wants to stop
    long long most_ms;                     // 0: no waiting
    // The same, while one process holds the lock all the time; 0: no limit but most_ms. With this limit, each process
    // that takes the lock sets the file's time, so that the others see that another process has it.
    long long holder_ms;
    bool turn;        // a person is shown that another process uses the PKCS#11 token (SSA_WAIT_TURN)
    const char *told; // the message after a second, as SSA_PROGRESS, where nobody is shown that; NULL for none
    bool flock_alone; // only flock(2) counts, because other programs lock the file in that way
};

// Takes the lock. Returns LOCK_BUSY if that took too long, or if the person wants to stop.
enum lock_outcome file_lock(int fd, const struct lock_patience *patience);

// Unlocks the file. The descriptor stays open.
void file_unlock(int fd);
