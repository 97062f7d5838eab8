// Reading into secret memory, as long as nobody wants to stop.
#include "flow/read.h"

#include <string.h>

#include "core/tell.h"

bool read_secret(struct secret *secret, int fd, const char *subject, const struct ssa_callbacks *callbacks,
                 struct ssa_error *err)
{
    struct ssa_error why;
    while (!secret_read_fd(secret, fd, subject, &why)) {
        if (strcmp(why.cause, "EINTR") == 0) {
            if (callbacks == NULL || !interrupted(callbacks))
                continue;
            return error_set(err, SSA_UNEXPECTED, NULL, subject, "interrupted; nothing was done");
        }
        if (err != NULL)
            *err = why;
        return false;
    }
    return true;
}
