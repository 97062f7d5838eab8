// A file descriptor that is closed at the end of its block. errno stays as it is.
#pragma once

#include <errno.h>
#include <unistd.h>

static inline void descriptor_close(const int *fd)
{
    const int number = errno;
    if (*fd >= 0)
        (void)close(*fd);
    errno = number;
}
#define DESCRIPTOR_AUTO __attribute__((cleanup(descriptor_close))) int

// Gives the descriptor to the caller: the end of the block does not close it.
static inline int descriptor_keep(int *fd)
{
    const int kept = *fd;
    *fd = -1;
    return kept;
}
