// Locks on files: by flock(2), else, on file systems that have none, by open file description (fcntl(2)).
// They end with the descriptor, at the latest with the process; a child that is given the descriptor has the
// lock, too.
#ifndef SSA_CORE_FILE_LOCK_H
#define SSA_CORE_FILE_LOCK_H

enum lock_outcome {
    LOCK_TAKEN,
    LOCK_BUSY,      // another has it, for now
    LOCK_IMPOSSIBLE // this file system has no locks (NFS without its lock daemon): waiting would not help
};

// Tries to lock a file, which the second kind wants open for writing, once and without waiting.
enum lock_outcome file_try_lock(int fd);

// Gives it back, with the descriptor left open.
void file_unlock(int fd);

#endif
