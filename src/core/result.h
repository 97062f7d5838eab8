// Texts that the library gives to its caller, which frees them by ssa_text_free.
#pragma once

#include "core/secret.h"

// Moves the content of *secret to *text, for a caller of the library. Fails when there is no memory.
bool result_take(struct ssa_text *text, struct secret *secret, struct ssa_error *err) MUST_CHECK;

// Copies a text of at most so many bytes, which is no secret. Fails when it is longer.
bool result_copy(struct ssa_text *out, const char *text, size_t most, struct ssa_error *err) MUST_CHECK;
