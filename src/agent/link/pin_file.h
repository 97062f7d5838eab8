// The file of a PIN socket.
#pragma once

#include <unistd.h>

#include "core/file_mark.h"

// Removes it, unless the signer of another agent listens there by now: that agent may have been started before this
// one's signer had ended.
static inline void pin_file_remove(const char *path, const struct file_mark *own)
{
    struct file_mark there;
    if (file_mark_path(path, &there) && file_mark_same(&there, own))
        (void)unlink(path);
}
