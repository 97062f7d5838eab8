// Small records that must outlive a run. They are kept in the state folder; where that cannot be written, in other
// folders to which only this user can write.
#pragma once

#include "config/paths.h"

// In this order: $XDG_STATE_HOME/ssa-hsm, $XDG_RUNTIME_DIR/ssa-hsm, and ssa-hsm-UID in $TMPDIR, /dev/shm and /tmp. A
// folder to which others may write is not used.
enum { RECORD_FOLDERS = 5, RECORD_IN_STATE = 0 };

// Opens the first record of this name, read-only where it cannot be written, and gives its path. Returns -1 where there
// is none. Returns -1 and sets *unreadable where it cannot be read, or is not this user's file.
int record_find(const char *name, char path[static PATH_TEXT_MAX], bool *unreadable);

// Opens the record in one of the folders for reading and writing. Makes the folder and the record where they are
// missing. Returns -1 where that fails.
int record_make(unsigned folder, const char *name, char path[static PATH_TEXT_MAX]);

// The same in the first folder where it succeeds.
int record_make_anywhere(const char *name, char path[static PATH_TEXT_MAX]);

// Opens an empty folder of this name, which serves as a lock, in the first folder where that succeeds; else -1.
int record_make_folder(const char *name);

// The same as record_find, but only in one of the folders.
int record_find_in(unsigned folder, const char *name, char path[static PATH_TEXT_MAX], bool *unreadable);

// Whether a path leads into one of the folders.
bool record_is_in(unsigned folder, const char *path);
