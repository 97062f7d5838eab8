// The journal's entries as JSON: one line for each.
#pragma once

#include "core/secret.h"
#include "journal/entry.h"

// Appends the entry to line as one JSON object with its checksum, without a line break. Fails with SSA_UNEXPECTED, or
// as entry_check does: an entry that could not be read again is not written.
bool entry_write(const struct entry *entry, struct secret *line, struct ssa_error *err) MUST_CHECK;

// Reads one JSON object that entry_write wrote: its checksum is right, it has every member once, and no others. Fails
// with SSA_CONFIG.
bool entry_read(struct span line, struct entry *entry, struct ssa_error *err) MUST_CHECK;

// Reads a closed entry of a version that wrote no checksums. It may only be shown, unless the chain vouches for it.
// Fails with SSA_CONFIG.
bool entry_read_earlier(struct span line, struct entry *entry, struct ssa_error *err) MUST_CHECK;

// Adds the checksum to the JSON object at the end of text, which begins at `from`. False where there is no room, or no
// object.
bool checksum_append(struct secret *text, size_t from) MUST_CHECK;

// Whether line ends with a checksum, right or wrong: then it was written to its end.
bool checksum_ends(struct span line);
