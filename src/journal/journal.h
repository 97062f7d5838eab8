// The journal: one file an operation that changes something, written and synced before the request leaves.
// Open ones lie in $XDG_STATE_HOME/ssa-hsm/journal, locked by their process; closed ones in …/history, the
// audit trail.
#pragma once

#include "config/settings.h"
#include "journal/open_entry.h"

// Opens an entry: everything that follows needs it, so where it cannot be written nothing is begun. Fails
// with SSA_CONFIG.
bool journal_begin(struct journal *j, const struct ssa_run *run, enum operation operation,
                   struct ssa_error *err) MUST_CHECK;

// Writes that the operation is about j->entry's account, or name, and refuses where another is at work on it,
// or was interrupted and waits for `key recover`. Fails with SSA_CONFIG.
bool journal_claim(struct journal *j, struct ssa_error *err) MUST_CHECK;

// Writes j->entry, synced: before the step is taken. Fails with SSA_CONFIG.
bool journal_step(struct journal *j, enum step step, struct ssa_error *err) MUST_CHECK;

// Ends the operation; its entry goes to the history. That this fails is told as a warning: the entry then is
// closed by whoever reads the journal next.
void journal_close(struct journal *j, enum outcome outcome);

// Lets go of it: one that asked for nothing is removed, any other stays open, for `key recover`.
void journal_end(struct journal *j);
#define JOURNAL_AUTO __attribute__((cleanup(journal_end))) struct journal

// How an open entry is met. In use: its process is at work. Waiting: a rotation's old key serves on.
// Interrupted: its process is gone.
enum standing { IN_USE, WAITING, INTERRUPTED };

// Shows each open entry, oldest first; those that are not in use are locked meanwhile, and visit may step,
// close, or leave them. One that asked for nothing, and one that is closed, is put away unseen; what is none,
// and what cannot be understood, is told as a warning and passed over. visit returns false to stop, with err
// filled.
typedef bool journal_visit(void *context, struct journal *j, enum standing standing, struct ssa_error *err);
bool journal_each_open(const struct ssa_run *run, journal_visit *visit, void *context,
                       struct ssa_error *err) MUST_CHECK;

// Counts the open entries that cannot be understood: those that are damaged, that another may have written,
// or that an earlier version has left. forget: puts them away, whatever they are about, and says where. What
// is no entry at all is not counted. Fails with SSA_CONFIG.
bool journal_count_unknown(const struct ssa_run *run, bool forget, size_t *count, struct ssa_error *err) MUST_CHECK;

// Whether the entry is of the client id and the server that the settings name.
bool journal_entry_is_ours(const struct entry *entry, const struct ssa_settings *settings);

// Tells of operations of this client id and server that were interrupted. Costs next to nothing where there
// are none.
void journal_warn(const struct ssa_run *run);
