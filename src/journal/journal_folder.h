// The folders of the journal. For the journal's files alone.
#pragma once

#include <dirent.h>

#include "config/paths.h"
#include "core/callback.h"
#include "core/error.h"

enum journal_folder { JOURNAL_OPEN, JOURNAL_CLOSED, JOURNAL_FORGOTTEN };

// For messages.
bool journal_path(enum journal_folder which, const char *name, char out[static PATH_TEXT_MAX],
                  struct ssa_error *err) MUST_CHECK;

// Opens a folder that must be ours, and so must the one that it is in. Gives -1 with err filled; errno is
// ENOENT where there is none.
int journal_folder(enum journal_folder which, struct ssa_error *err) MUST_CHECK;

// What came of a write that failed: nothing is begun.
bool journal_unwritable(struct ssa_error *err, int number, const char *path);

// Syncs the folder.
bool journal_sync(enum journal_folder which, struct ssa_error *err) MUST_CHECK;

// Whether there may be an open entry: without a lock, and without an error.
bool journal_may_hold_any(void);

// Makes the folders, looks whose they are, and locks them against all others who make, look for or put away
// entries. patient: waits. Gives a descriptor to close, or -1 with err filled.
int journal_lock(const struct ssa_callbacks *callbacks, bool patient, struct ssa_error *err) MUST_CHECK;

// The number in a closed entry's name; 0 where there is none.
long long journal_number(const char *name);

// The names in a folder, sorted by number, then as text; freed by journal_names_free. A folder that is not
// there has none.
struct journal_names {
    struct dirent **list;
    size_t count;
};
bool journal_list(enum journal_folder folder, struct journal_names *names, struct ssa_error *err) MUST_CHECK;
void journal_names_free(struct journal_names *names);
