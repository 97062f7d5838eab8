// The file of the callers, as text.
#pragma once

#include "agent/callers/callers.h"

enum { CALLERS_FILE_MAX = 1024 * 1024 };

// Reads the text. Fails with SSA_CONFIG.
bool callers_parse(struct span text, const char *path, struct callers *callers, struct ssa_error *err) MUST_CHECK;

// Appends the text.
bool callers_write(const struct callers *callers, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_USAGE where the name or the SAN has characters that are not allowed.
bool caller_check(const struct caller_entry *caller, struct ssa_error *err) MUST_CHECK;
