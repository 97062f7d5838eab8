// The file of an open entry. Only journal.c uses this.
#pragma once

#include "config/paths.h"
#include "journal/entry.h"

struct journal {
    struct entry *entry;     // NULL before one is begun or opened; freed by journal_end
    char id[JOURNAL_ID_MAX]; // the file's name, which begins with the time
    int fd;                  // locked; -1: none
    size_t written;          // where the next line begins
    size_t dirty;            // the end of what an interrupted write has left; up to written there is nothing
    bool unfinished;         // the last line lacks its line break
    const struct ssa_callbacks *callbacks;
};

// Makes the file of j->id and locks it. It has room for all lines to come: so a disk that is full later stops nothing.
bool journal_create(struct journal *j, struct ssa_error *err) MUST_CHECK;

// Appends j->entry, and syncs it.
bool journal_write(struct journal *j, struct ssa_error *err) MUST_CHECK;

enum journal_found {
    FOUND_ENTRY,
    FOUND_NOTHING, // the file does not exist any more
    FOUND_STRAY,   // a link, a folder, a socket, or a file whose name is not an entry's
    FOUND_UNKNOWN, // an entry that is damaged, is another user's, or was left by an earlier version
    FOUND_FAULT    // an entry that cannot be opened, locked or read now: perhaps it can be later
};

// Opens the open entry of this name and reads it. j->fd is -1 where another process has locked it. An entry without a
// complete line is at STEP_BEGUN. why is filled for FOUND_STRAY, FOUND_UNKNOWN and
// FOUND_FAULT.
enum journal_found journal_open(struct journal *j, const char *name, struct ssa_error *why);

// Moves an open entry that cannot be understood to another folder, unchanged. path is its new path. Fails with
// SSA_CONFIG, also where a process has locked the entry. The caller has the journal's lock.
bool journal_forget(const char *name, char path[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// Removes an entry at STEP_BEGUN.
void journal_remove(const struct journal *j);
