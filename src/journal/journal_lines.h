// What the lines of an entry's file say. For the journal's files alone.
#pragma once

#include "journal/entry.h"

enum lines {
    LINES_READ,
    LINES_NONE,   // not even one came to its end, and what there is of it is ours: nothing was asked for
    LINES_DAMAGED // or none of ours
};

// Where writing goes on.
struct lines_end {
    size_t at;       // behind the last line that is whole
    size_t dirty;    // behind what a write that broke off has left
    bool unfinished; // the last line is whole, but for its line break
};

// Reads the file's text, which ends where only NULs follow (the room for lines to come). Every line must be
// one that was written, of the same operation, in the order of their numbers: one that is damaged, lost or
// there twice makes the entry LINES_DAMAGED, with why filled. A last line that broke off says nothing.
enum lines lines_read(struct span file, struct entry *last, struct lines_end *end, struct ssa_error *why);

// The same of a closed entry, which ends in a line that says so and has nothing behind it. One of a version
// that wrote no checksums is read, too. Fails with SSA_CONFIG.
bool lines_read_closed(struct span file, struct entry *last, struct ssa_error *err) MUST_CHECK;

// Whether the file was begun by a version that wrote no checksums.
bool lines_are_earlier(struct span file);
