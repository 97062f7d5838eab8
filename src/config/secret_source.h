// Reading a secret from the place that a reference names.
#pragma once

#include "config/reference.h"

// Reads the secret and drops one line break at its end. With run->overwrite a variable of the environment is wiped in
// place. A descriptor is read to its end and closed; standard input becomes empty. Warns of a file that others can
// read. Fails with SSA_CONFIG. subject is the name of the setting that the secret is for.
bool secret_source_read(const char *text, const char *subject, const struct ssa_run *run, struct secret *secret,
                        struct ssa_error *err) MUST_CHECK;
