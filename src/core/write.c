// Writing to a descriptor.
#include "core/write.h"

#include <errno.h>
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
