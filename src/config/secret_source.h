// Secrets, read from where a reference says that they are.
#ifndef SSA_CONFIG_SECRET_SOURCE_H
#define SSA_CONFIG_SECRET_SOURCE_H

#include "config/reference.h"

// Reads the secret, without one trailing line break. With run->overwrite a variable of the environment is
// wiped in place; an fd is read to its end and closed; standard input is
// then empty. A file that others can read is told to warn. Fails
// with SSA_CONFIG; subject says what the secret is for ("PIN source").
bool secret_source_read(const char *text, const char *subject, const struct ssa_run *run,
                        struct secret *secret, struct ssa_error *err) MUST_CHECK;

#endif
