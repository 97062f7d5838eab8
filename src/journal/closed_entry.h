// Closed entries: the audit trail.
#pragma once

#include "journal/entry.h"
#include "journal/journal_folder.h"

#define JOURNAL_NAME_MAX (JOURNAL_ID_MAX + 24U)

// Reads a closed entry. Fails with SSA_CONFIG.
bool journal_read_closed(const char *name, struct entry *entry, struct ssa_error *err) MUST_CHECK;

// The number of the next closed entry, and the SHA-256 of the last one's file. The caller has the lock. Fails with
// SSA_CONFIG.
bool journal_next(long long *sequence, char previous[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;

// The SHA-256 of a closed entry's file.
bool journal_hash_closed(const char *name, char hash[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;

// The name of a closed entry's file: its number, by which files are sorted, and its id.
bool journal_name(const struct entry *entry, char out[static JOURNAL_NAME_MAX]) MUST_CHECK;

// Cuts the file of a closed entry, which has its number, to this length. Gives its name in the history, and its
// SHA-256. Fails with SSA_CONFIG.
bool journal_seal(int fd, const struct entry *entry, size_t length, char name[static JOURNAL_NAME_MAX],
                  char hash[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;

// Calls visit with the closed entries, oldest first. Warns of a file that is not an entry, and skips it.
typedef bool journal_visit_closed(void *context, const char *id, const struct entry *entry, struct ssa_error *err);
bool journal_each_closed(const struct ssa_run *run, journal_visit_closed *visit, void *context,
                         struct ssa_error *err) MUST_CHECK;
