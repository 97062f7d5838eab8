// The file of an open entry. For journal.c alone.
#pragma once

#include "config/paths.h"
#include "journal/entry.h"

struct journal {
    struct entry *entry;     // NULL before one is begun or opened; freed by journal_end
    char id[JOURNAL_ID_MAX]; // the file's name: begins with the time
    int fd;                  // locked; -1: none
    size_t written;          // where the next line goes
    size_t dirty;            // where what a write that broke off has left ends; up to written: nothing
    bool unfinished;         // the last line lacks its line break
    const struct ssa_callbacks *callbacks;
};

// Makes the file of j->id, locked, with room for all that is to come: a disk that fills up later stops
// nothing.
bool journal_create(struct journal *j, struct ssa_error *err) MUST_CHECK;

// Appends j->entry, synced.
bool journal_write(struct journal *j, struct ssa_error *err) MUST_CHECK;

enum journal_found {
    FOUND_ENTRY,
    FOUND_NOTHING, // it is gone
    FOUND_STRAY,   // a link, a folder, a socket, or a file that is called as no entry is
    FOUND_UNKNOWN  // an entry that cannot be read, is damaged or is not ours: nobody knows what it is about
};

// Opens the open entry of this name and reads it; j->fd is -1 where another process holds it. One without a
// whole line is one that asked for nothing. why is filled for what is passed over.
enum journal_found journal_open(struct journal *j, const char *name, struct ssa_error *why);

// Moves an open entry that cannot be understood to where nobody looks for it, whatever is in it, and says in
// path where that is. Not one that a process holds. Under the lock. Fails with SSA_CONFIG.
bool journal_forget(const char *name, char path[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// Removes an entry of nothing.
void journal_remove(const struct journal *j);
