// The file of the callers, and its text.
#pragma once

#include "agent/callers/callers.h"

enum { CALLERS_FILE_MAX = 1024 * 1024 };

// Reads the file. One that does not exist has no callers. Fails with SSA_CONFIG where it belongs to another user,
// others may write to it, or it is not what callers_add writes.
bool callers_read(const char *path, struct callers *callers, struct ssa_error *err) MUST_CHECK;

// Reads the text. Fails with SSA_CONFIG.
bool callers_parse(struct span text, const char *path, struct callers *callers, struct ssa_error *err) MUST_CHECK;

// Appends the text.
bool callers_write(const struct callers *callers, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_USAGE where the name or the SAN has characters that are not allowed.
bool caller_check(const struct caller_entry *caller, struct ssa_error *err) MUST_CHECK;
