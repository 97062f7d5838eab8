#include "core/write.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// Writes at the descriptor's own position, the only one that a pipe has.
enum { HERE = -1 };

bool write_all(int fd, struct span text)
{
    return write_all_at(fd, text, HERE);
}

bool write_all_at(int fd, struct span text, off_t at)
{
    while (text.len > 0) {
        const ssize_t written = at == HERE ? write(fd, text.data, text.len) : pwrite(fd, text.data, text.len, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text = span_of(text.data + written, text.len - (size_t)written);
        at += at == HERE ? 0 : written;
    }
    return true;
}

// Some file systems cannot sync a file or a folder, and some sandboxes have no such call. Nothing more can be done
// then.
static bool synced_as_far_as_possible(int result)
{
    return result == 0 || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS;
}

bool write_sync_file(int fd)
{
    return synced_as_far_as_possible(fsync(fd));
}

bool write_sync_data(int fd)
{
    return synced_as_far_as_possible(fdatasync(fd));
}

static bool fill(int fd, off_t size)
{
    static const char zeros[ZEROS_AT_ONCE];
    for (off_t at = 0; at < size;) {
        const off_t left = size - at;
        const size_t part = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        if (!write_all_at(fd, span_of(zeros, part), at))
            return false;
        at += (off_t)part;
    }
    return true;
}

bool write_zeros(int fd, off_t size)
{
    return fill(fd, size) && write_sync_file(fd);
}

bool write_reserve(int fd, off_t size)
{
    const int number = posix_fallocate(fd, 0, size);
    if (number == 0)
        return true;
    if (number == ENOSPC || number == EDQUOT || number == EIO || number == EFBIG) {
        errno = number;
        return false;
    }
    // This file system cannot reserve room, so zeros are written instead.
    return fill(fd, size);
}

bool write_sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool synced = write_sync_file(fd);
    const int number = errno;
    (void)close(fd);
    errno = number;
    return synced;
}
