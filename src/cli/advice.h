// What a person can do about an error: the one place where commands, options and settings are named for that.
#ifndef SSA_CLI_ADVICE_H
#define SSA_CLI_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "ssa-hsm.h"

// The advice about a reason, or NULL where there is none.
const char *advice_about(enum ssa_reason reason);

// Writes it to out (capacity bytes, NUL-terminated, empty where there is none) with subject and detail in
// their places. False where it was cut off.
bool advice_text(enum ssa_reason reason, const char *subject, const char *detail, char *out, size_t capacity);

#endif
