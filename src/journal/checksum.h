// The checksum of a line of the journal: the SHA-256 of the text before it. It is the line's last member. It shows
// whether a line was damaged; it is not a signature.
#pragma once

#include "core/secret.h"

#define CHECKSUM_MEMBER "sha256"

// Adds it to the JSON object at the end of text, which begins at `from`. False where there is no room, or no object.
bool checksum_append(struct secret *text, size_t from) MUST_CHECK;

// Whether line ends with the right checksum.
bool checksum_is_right(struct span line);

// Whether line ends with a checksum, right or wrong: then it was written to its end.
bool checksum_ends(struct span line);
