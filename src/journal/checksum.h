// The checksum of a line of the journal: its last member, the SHA-256 of all that stands before it. It tells
// a line that was damaged from one that was written; it is no signature.
#pragma once

#include "core/secret.h"

#define CHECKSUM_MEMBER "sha256"

// Puts it into the JSON object that text ends with, which begins at `from`. False where there is no room, or
// no object.
bool checksum_append(struct secret *text, size_t from) MUST_CHECK;

// Whether line ends in a checksum, and that is the right one.
bool checksum_is_right(struct span line);

// Whether line ends as one with a checksum does, be it right or not: so it was written to its end.
bool checksum_ends(struct span line);
