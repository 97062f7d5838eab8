// Where small records are kept that must outlive a run: in the state folder, else, where that cannot be
// written, in other folders of this user's alone.
#ifndef SSA_CONFIG_RECORD_FOLDER_H
#define SSA_CONFIG_RECORD_FOLDER_H

#include "config/paths.h"

// $XDG_STATE_HOME/ssa-hsm, $XDG_RUNTIME_DIR/ssa-hsm, and ssa-hsm-UID in $TMPDIR, /dev/shm and /tmp.
enum { RECORD_FOLDERS = 5, RECORD_IN_STATE = 0 };

// Opens the file of this name where one of the places has it, the best first, and gives its path. Read only
// where it cannot be written. -1 where there is none, and where there is one that cannot be read or is no
// file of ours, which *unreadable tells. A place that others may write to is passed over.
int record_find(const char *name, char path[static PATH_TEXT_MAX], bool *unreadable);

// Opens it at this place for reading and writing, made where it is missing, together
// with the place; -1 where that cannot be done.
int record_make(unsigned place, const char *name, char path[static PATH_TEXT_MAX]);

// The same at the first place where it can be done.
int record_make_anywhere(const char *name, char path[static PATH_TEXT_MAX]);

// Opens an empty folder of this name, to be locked, at the first place where that can be done; -1 for none.
int record_make_folder(const char *name);

// The same as record_find at this place alone.
int record_open(unsigned place, const char *name, char path[static PATH_TEXT_MAX]);

// Whether the path is of a file at this place.
bool record_is_in(unsigned place, const char *path);

#endif
