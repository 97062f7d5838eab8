// The journal. Each operation that changes something has one file, which is written and synced before the request is
// sent. Open entries are in $XDG_STATE_HOME/ssa-hsm/journal, locked by their process. Closed entries are in …/history:
// the audit trail.
#pragma once

#include "config/settings.h"
#include "journal/open_entry.h"

// Makes an entry. An operation whose entry cannot be written must not begin. Fails with SSA_CONFIG.
bool journal_begin(struct journal *j, const struct ssa_run *run, enum operation operation,
                   struct ssa_error *err) MUST_CHECK;

// Writes which account, name or client secret j->entry is about. Fails with SSA_CONFIG, also where another operation is
// at work on the same thing, or was interrupted and must be recovered first.
bool journal_claim(struct journal *j, struct ssa_error *err) MUST_CHECK;

// Writes j->entry and syncs it, before the step is taken. Fails with SSA_CONFIG.
bool journal_step(struct journal *j, enum step step, struct ssa_error *err) MUST_CHECK;

// Ends the operation and moves its entry to the history. A failure is only a warning: the next process that reads the
// journal closes the entry then.
void journal_close(struct journal *j, enum outcome outcome);

// Frees it. An entry at STEP_BEGUN is removed. Any other entry stays open, to be recovered.
void journal_end(struct journal *j);
#define JOURNAL_AUTO __attribute__((cleanup(journal_end))) struct journal

// The state of an open entry. In use: its process is at work. Waiting: it is a rotation whose old key still works.
// Interrupted: its process has ended.
enum standing { IN_USE, WAITING, INTERRUPTED };

// Calls visit with each open entry, oldest first. An entry that is not in use is locked for that time, and visit may
// step or close it. Entries at STEP_BEGUN are removed, and closed ones are moved to the history: visit does not see
// them. Warns of other files, and of entries that cannot be read or understood, and skips them: *skipped (which may be
// NULL) is the number of such entries. visit returns false to stop, with err filled.
typedef bool journal_visit(void *context, struct journal *j, enum standing standing, struct ssa_error *err);
bool journal_each_open(const struct ssa_run *run, journal_visit *visit, void *context, size_t *skipped,
                       struct ssa_error *err) MUST_CHECK;

// Moves the open entries that cannot be understood to another folder, says which, and counts them: they are damaged,
// another user may have written them, or an earlier version has left them. Other files stay, and so does an entry that
// only cannot be read at the moment. Fails with SSA_CONFIG.
bool journal_forget_unknown(const struct ssa_run *run, size_t *count, struct ssa_error *err) MUST_CHECK;

// Whether the entry is for the client id and the server that the settings name.
bool journal_entry_is_ours(const struct entry *entry, const struct ssa_settings *settings);

// Warns of interrupted operations of this client id and server. It takes almost no time where there are none.
void journal_warn(const struct ssa_run *run);
