// The lines of an entry's file. Only the journal's own files use this.
#pragma once

#include "journal/entry.h"

enum lines {
    LINES_READ,
    LINES_NONE,   // the file has only the beginning of a line: so the API was not asked for anything
    LINES_DAMAGED // or the file is not an entry
};

// Where writing goes on.
struct lines_end {
    size_t at;       // after the last complete line
    size_t dirty;    // after what an interrupted write has left
    bool unfinished; // the last line lacks only its line break
};

// Reads the file's text. Only NULs follow it: the room for more lines. All lines must be of one operation, in the order
// of their numbers. A line that is damaged, missing or there twice makes the entry LINES_DAMAGED, and why is filled. An
// incomplete last line is ignored.
enum lines lines_read(struct span file, struct entry *last, struct lines_end *end, struct ssa_error *why);

// The same for a closed entry. Its last line must say that it is closed, and be the end of the file. Entries of
// versions that wrote no checksums are read, too. Fails with SSA_CONFIG.
bool lines_read_closed(struct span file, struct entry *last, struct ssa_error *err) MUST_CHECK;

// Whether a version that wrote no checksums has begun the file.
bool lines_are_earlier(struct span file);
