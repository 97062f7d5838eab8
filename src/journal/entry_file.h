// The files of entries, open and closed. For the journal alone.
#pragma once

#include "core/secret.h"
#include "journal/journal_folder.h"

#define ENTRY_FILE_MAX (256U * 1024U)

// Opens a file in one of the folders, which must be ours. What is no regular file is not waited for. On
// failure err is filled, and errno says why.
int entry_file_open(enum journal_folder which, const char *name, int flags, struct ssa_error *err) MUST_CHECK;

// Makes room for what the file holds: thousands of closed ones are read at once, of a few kilobytes each.
bool entry_file_room(int fd, struct secret *text, struct ssa_error *err) MUST_CHECK;

// Reads the whole file, as far as there is room. On failure errno says why.
bool entry_file_read(int fd, struct secret *text) MUST_CHECK;

// Moves a file from one folder to another, synced. Fails with SSA_CONFIG.
bool entry_file_move(enum journal_folder from, const char *old_name, enum journal_folder to, const char *new_name,
                     struct ssa_error *err) MUST_CHECK;
