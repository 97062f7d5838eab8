// Texts that the library gives to its caller, which frees them by ssa_text_free.
#pragma once

#include "core/secret.h"

// Copies a text of at most so many bytes, which is no secret. Fails when it is longer.
bool result_copy(struct ssa_text *out, const char *text, size_t most, struct ssa_error *err) MUST_CHECK;
