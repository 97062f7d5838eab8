// Reading a file, pipe or terminal into secret memory, as long as nobody wants to stop.
#ifndef SSA_FLOW_READ_H
#define SSA_FLOW_READ_H

#include "core/secret.h"

// secret_read_fd, begun again after a signal that is no reason to stop. callbacks may be NULL. Fails with
// SSA_CONFIG, or SSA_UNEXPECTED when interrupted.
bool read_secret(struct secret *secret, int fd, const char *subject, const struct ssa_callbacks *callbacks,
                 struct ssa_error *err) MUST_CHECK;

#endif
