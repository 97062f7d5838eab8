// Reading a file, pipe or terminal into secret memory, until somebody wants to stop.
#pragma once

#include "core/secret.h"

// Opens a file of any kind without waiting for a writer. On failure it returns -1, and errno says why.
int read_open(const char *path) MUST_CHECK;

// Reads fd to its end. There is a deadline (see ssa_callbacks), but not for a regular file or a terminal. callbacks may
// be NULL. Fails with SSA_CONFIG, or with SSA_UNEXPECTED if the person wants to stop.
bool read_secret(struct secret *secret, int fd, const char *subject, const struct ssa_callbacks *callbacks,
                 struct ssa_error *err) MUST_CHECK;
