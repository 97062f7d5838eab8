// Reading a secret from where a reference says that it is.
#pragma once

#include "config/reference.h"

// Reads the secret, without one trailing line break. With run->overwrite a variable of the environment is
// wiped in place. A descriptor is read to its end and closed; standard input is empty then. Warns of a file
// that others can read. Fails with SSA_CONFIG. subject says what the secret is for ("PIN source").
bool secret_source_read(const char *text, const char *subject, const struct ssa_run *run, struct secret *secret,
                        struct ssa_error *err) MUST_CHECK;
