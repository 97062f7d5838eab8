// Where small records are kept that must outlive a run: in the state folder, or, where that cannot be
// written, in other folders that are this user's alone.
#pragma once

#include "config/paths.h"

// In this order: $XDG_STATE_HOME/ssa-hsm, $XDG_RUNTIME_DIR/ssa-hsm, and ssa-hsm-UID in $TMPDIR, /dev/shm and
// /tmp. A folder that others may write to is passed over.
enum { RECORD_FOLDERS = 5, RECORD_IN_STATE = 0 };

// Opens the first record of this name, read-only where it cannot be written, and gives its path. -1 where
// there is none. -1 and *unreadable where there is one that cannot be read, or that is not this user's file.
int record_find(const char *name, char path[static PATH_TEXT_MAX], bool *unreadable);

// Opens the record in one of the folders for reading and writing. Makes the folder and the record where they
// are missing. -1 where that cannot be done.
int record_make(unsigned folder, const char *name, char path[static PATH_TEXT_MAX]);

// The same in the first folder where it can be done.
int record_make_anywhere(const char *name, char path[static PATH_TEXT_MAX]);

// Opens an empty folder of this name, which serves as a lock, in the first folder where that can be done;
// else -1.
int record_make_folder(const char *name);

// record_find in one of the folders alone.
int record_open(unsigned folder, const char *name, char path[static PATH_TEXT_MAX]);

// Whether a path leads into one of the folders.
bool record_is_in(unsigned folder, const char *path);
