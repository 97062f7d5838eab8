// Locks on files.
#include "core/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static enum lock_outcome by_description(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        return LOCK_TAKEN;
    return errno == EAGAIN || errno == EACCES || errno == EINTR ? LOCK_BUSY : LOCK_IMPOSSIBLE;
}

enum lock_outcome file_try_lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return LOCK_TAKEN;
    return errno == EWOULDBLOCK || errno == EINTR ? LOCK_BUSY : by_description(fd);
}

void file_unlock(int fd)
{
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    if (flock(fd, LOCK_UN) != 0)
        (void)fcntl(fd, F_OFD_SETLK, &whole);
}
