// Locks on files: by flock(2), or, on file systems without it, by open file description (fcntl(2)). A lock
// ends when its descriptor is closed, at the latest with the process. A child that inherits the descriptor
// has the lock, too.
#ifndef SSA_CORE_FILE_LOCK_H
#define SSA_CORE_FILE_LOCK_H

enum lock_outcome {
    LOCK_TAKEN,
    LOCK_BUSY,      // another process has it for now
    LOCK_IMPOSSIBLE // this file system has no locks (NFS without its lock daemon); waiting does not help
};

// Tries once to lock a file, without waiting. For the second kind the file must be open for writing.
enum lock_outcome file_try_lock(int fd);

// Unlocks the file. The descriptor stays open.
void file_unlock(int fd);

#endif
