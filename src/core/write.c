// Writing to a descriptor.
#include "core/write.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool write_all(int fd, struct span text)
{
    while (text.len > 0) {
        const ssize_t written = write(fd, text.data, text.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text = span_of(text.data + written, text.len - (size_t)written);
    }
    return true;
}

bool write_all_at(int fd, struct span text, off_t at)
{
    while (text.len > 0) {
        const ssize_t written = pwrite(fd, text.data, text.len, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text = span_of(text.data + written, text.len - (size_t)written);
        at += written;
    }
    return true;
}

bool sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    // Some file systems cannot sync a folder and say EINVAL: then there is nothing to be had.
    const bool synced = fsync(fd) == 0 || errno == EINVAL;
    const int number = errno;
    (void)close(fd);
    errno = number;
    return synced;
}
