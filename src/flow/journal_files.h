// The files of the journal. For journal.c alone.
#ifndef SSA_FLOW_JOURNAL_FILES_H
#define SSA_FLOW_JOURNAL_FILES_H

#include <dirent.h>

#include "flow/journal.h"

#define JOURNAL_NAME_MAX (JOURNAL_ID_MAX + 24U)

enum journal_folder { JOURNAL_OPEN, JOURNAL_CLOSED };

// Whether there may be an open entry: without a lock, and without an error.
bool journal_may_hold_any(void);

// Makes the folders and locks them against all others who make, look for or put away entries. patient: waits.
// Gives a descriptor to close, or -1 with err filled.
int journal_lock(const struct ssa_callbacks *callbacks, bool patient, struct ssa_error *err) MUST_CHECK;

// Makes the file of j->id, locked, with room for all that is to come: a disk that fills up later stops
// nothing.
bool journal_create(struct journal *j, struct ssa_error *err) MUST_CHECK;

// Appends j->entry, synced.
bool journal_write(struct journal *j, struct ssa_error *err) MUST_CHECK;

// Opens the entry of this name and reads what was last written whole; j->fd is -1 where another process holds
// it. *found false: it is gone. One without a whole line is one that asked for nothing.
bool journal_open(struct journal *j, const char *name, bool *found, struct ssa_error *err) MUST_CHECK;

// Reads a closed entry. Fails with SSA_CONFIG.
bool journal_read_closed(const char *name, struct entry *entry, struct ssa_error *err) MUST_CHECK;

// What the next closed entry follows on: its number, and the SHA-256 of the last one's file. Under the lock.
// Fails with SSA_CONFIG.
bool journal_next(long long *sequence, char previous[static FINGERPRINT_TEXT],
                  struct ssa_error *err) MUST_CHECK;

// The SHA-256 of a closed entry's file.
bool journal_hash_closed(const char *name, char hash[static FINGERPRINT_TEXT],
                         struct ssa_error *err) MUST_CHECK;

// The number in a closed entry's name; 0 where there is none.
long long journal_number(const char *name);

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

// The names in a folder, sorted by number, then as text; freed by journal_names_free. A folder that is not
// there has none.
struct journal_names {
    struct dirent **list;
    size_t count;
};
bool journal_list(enum journal_folder folder, struct journal_names *names, struct ssa_error *err) MUST_CHECK;
void journal_names_free(struct journal_names *names);

#endif
