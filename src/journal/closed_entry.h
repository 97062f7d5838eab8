// Closed entries: the audit trail.
#pragma once

#include "journal/entry.h"
#include "journal/journal_folder.h"

#define JOURNAL_NAME_MAX (JOURNAL_ID_MAX + 24U)

// Reads a closed entry. Fails with SSA_CONFIG.
bool journal_read_closed(const char *name, struct entry *entry, struct ssa_error *err) MUST_CHECK;

// What the next closed entry follows on: its number, and the SHA-256 of the last one's file. Under the lock.
// Fails with SSA_CONFIG.
bool journal_next(long long *sequence, char previous[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;

// The SHA-256 of a closed entry's file.
bool journal_hash_closed(const char *name, char hash[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;

// The name that a closed entry's file has: its number, which sorts, and its id.
bool journal_name(const struct entry *entry, char out[static JOURNAL_NAME_MAX]) MUST_CHECK;

// Cuts the file of an entry that is closed, and has its number, to this length. Gives its name in the
// history, and its SHA-256. Fails with SSA_CONFIG.
bool journal_seal(int fd, const struct entry *entry, size_t length, char name[static JOURNAL_NAME_MAX],
                  char hash[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;

// Moves the file of the entry with this id to the history, under this name.
bool journal_put_away(const char *id, const char *name, struct ssa_error *err) MUST_CHECK;

// Shows the closed entries, oldest first. A file that is none of ours is told as a warning and passed over.
typedef bool journal_visit_closed(void *context, const char *id, const struct entry *entry, struct ssa_error *err);
bool journal_each_closed(const struct ssa_run *run, journal_visit_closed *visit, void *context,
                         struct ssa_error *err) MUST_CHECK;
