// An entry that is over, as the library hands it out.
#pragma once

#include "journal/entry.h"

// Borrows everything. id is the name of its file, sha256 that file's hash.
struct ssa_event event_of(const char *id, const struct entry *entry, const char *sha256);
