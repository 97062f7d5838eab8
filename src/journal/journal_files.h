// The files of the journal. For journal.c alone.
#pragma once

#include "journal/journal.h"
#include "journal/journal_folder.h"

#define JOURNAL_NAME_MAX (JOURNAL_ID_MAX + 24U)

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

// Reads a closed entry. Fails with SSA_CONFIG.
bool journal_read_closed(const char *name, struct entry *entry, struct ssa_error *err) MUST_CHECK;

// What the next closed entry follows on: its number, and the SHA-256 of the last one's file. Under the lock.
// Fails with SSA_CONFIG.
bool journal_next(long long *sequence, char previous[static FINGERPRINT_TEXT],
                  struct ssa_error *err) MUST_CHECK;

// The SHA-256 of a closed entry's file.
bool journal_hash_closed(const char *name, char hash[static FINGERPRINT_TEXT],
                         struct ssa_error *err) MUST_CHECK;

// The name that a closed entry's file has: its number, which sorts, and its id.
bool journal_name(const struct entry *entry, char out[static JOURNAL_NAME_MAX]) MUST_CHECK;

// A closed entry's file, which has its number, to the last byte: its name in the history, and its SHA-256.
// Fails with SSA_CONFIG.
bool journal_seal(const struct journal *j, char name[static JOURNAL_NAME_MAX],
                  char hash[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;

// Moves it to the history, under this name.
bool journal_put_away(const struct journal *j, const char *name, struct ssa_error *err) MUST_CHECK;

// Removes an entry of nothing.
void journal_remove(const struct journal *j);
