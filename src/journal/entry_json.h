// The journal's entries as JSON: a line each.
#pragma once

#include "core/secret.h"
#include "journal/entry.h"

// Appends the entry to line as one JSON object with its checksum, without a line break. Fails with
// SSA_UNEXPECTED, or as entry_check does: what could not be read again is not written.
bool entry_write(const struct entry *entry, struct secret *line, struct ssa_error *err) MUST_CHECK;

// Reads one JSON object that entry_write wrote, and nothing else: the checksum is right, every member is
// known, there once, and none is missing. Fails with SSA_CONFIG.
bool entry_read(struct span line, struct entry *entry, struct ssa_error *err) MUST_CHECK;

// Reads a closed entry of a version that wrote no checksums. Only what is shown may come of it, unless the
// chain vouches for it. Fails with SSA_CONFIG.
bool entry_read_earlier(struct span line, struct entry *entry, struct ssa_error *err) MUST_CHECK;
