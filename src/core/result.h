// Locked memory that is given to the caller as struct ssa_text.
#pragma once

#include "core/secret.h"

// Moves the content of *secret to *text. Fails when there is no memory.
bool result_take(struct ssa_text *text, struct secret *secret, struct ssa_error *err) MUST_CHECK;
