// Reading a file, pipe or terminal into secret memory, as long as nobody wants to stop.
#ifndef SSA_CORE_READ_H
#define SSA_CORE_READ_H

#include "core/secret.h"

// Opens a file that may turn out to be anything, without waiting for whoever writes to it. On failure it is
// -1, and errno says why.
int open_to_read(const char *path) MUST_CHECK;

// Reads fd to its end. What is neither a regular file nor a terminal, where a person types, must have come to
// its end by a deadline (see ssa_callbacks). callbacks may be NULL. Fails with SSA_CONFIG, or SSA_UNEXPECTED
// when interrupted.
bool read_secret(struct secret *secret, int fd, const char *subject, const struct ssa_callbacks *callbacks,
                 struct ssa_error *err) MUST_CHECK;

#endif
