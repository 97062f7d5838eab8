// The folders of the journal, and the files in them. Only the journal's own files use this.
#pragma once

#include <dirent.h>

#include "config/paths.h"
#include "core/callback.h"
#include "core/secret.h"

enum journal_folder { JOURNAL_OPEN, JOURNAL_CLOSED, JOURNAL_FORGOTTEN };

// The path of a file, for messages.
bool journal_path(enum journal_folder which, const char *name, char out[static PATH_TEXT_MAX],
                  struct ssa_error *err) MUST_CHECK;

// Opens a folder. It and its parent must be this user's own. Returns -1 with err filled; errno is ENOENT where the
// folder does not exist.
int journal_folder(enum journal_folder which, struct ssa_error *err) MUST_CHECK;

// The error about a write that failed. Returns false.
bool journal_unwritable(struct ssa_error *err, int number, const char *path);

// Syncs the folder.
bool journal_sync(enum journal_folder which, struct ssa_error *err) MUST_CHECK;

// Whether there may be an open entry. This needs no lock, and reports no error.
// errno is EACCES where the folder may not be read.
bool journal_may_hold_any(void);

// Makes the folders, checks whose they are, and locks them against other processes that make, look for or move entries.
// With patient it waits for the lock. Returns a descriptor to close, or -1 with err filled.
int journal_lock(const struct ssa_callbacks *callbacks, bool patient, struct ssa_error *err) MUST_CHECK;

// The number in the name of a closed entry; 0 where it has none.
long long journal_number(const char *name);

// The names in a folder, sorted by number, then as text. journal_names_free frees them. A folder that does not exist
// has none.
struct journal_names {
    struct dirent **list;
    size_t count;
};
bool journal_list(enum journal_folder folder, struct journal_names *names, struct ssa_error *err) MUST_CHECK;
void journal_names_free(struct journal_names *names);

#define JOURNAL_FILE_MAX 262144U

// Opens a file in one of the folders. It does not wait for a FIFO. On failure err is filled, and errno says why.
int journal_file_open(enum journal_folder which, const char *name, int flags, struct ssa_error *err) MUST_CHECK;

// Makes a buffer of the file's size: thousands of closed entries, of a few kilobytes each, are read at once.
bool journal_file_room(int fd, struct secret *text, struct ssa_error *err) MUST_CHECK;

// Reads the whole file, as far as there is room. On failure errno says why.
bool journal_file_read(int fd, struct secret *text) MUST_CHECK;

// Moves a file from one folder to another, and syncs both. Fails with SSA_CONFIG.
bool journal_file_move(enum journal_folder from, const char *old_name, enum journal_folder to, const char *new_name,
                       struct ssa_error *err) MUST_CHECK;
