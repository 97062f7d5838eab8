// What an import or a removal of a client secret that did not come to its end has left on its token.
#ifndef SSA_MANAGE_RECOVER_SECRET_H
#define SSA_MANAGE_RECOVER_SECRET_H

#include "core/ending.h"
#include "hsm/data.h"
#include "manage/recovery.h"

// The marks of what was there before: of an import what it replaces, of a removal what it removes.
void secret_note_before(struct entry *entry, const struct data_marks *before);

// The mark of what the operation makes: nothing else has it, and the journal's entry has its name.
bool secret_mark(const struct journal *j, struct data_marks *mine, struct ssa_error *err) MUST_CHECK;

// How many data objects with nothing in them are on the token, as two looks tell: EMPTY_UNKNOWN as
// data_count_empty says. Fails with SSA_TOKEN.
bool secret_count_empty(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;

// Finishes or undoes one, on the token that its entry names, which is opened and logged in to unless the
// recovery has it open. The entry is closed, or stays as it is with err filled.
bool secret_settle(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;

// The same of all those about this one data object, before another operation on it. *removed: one of them was
// a removal, and it is gone.
bool secret_settle_left(const struct ssa_run *run, struct token *token, const struct uri *uri, bool *removed,
                        struct ssa_ending *ending, struct ssa_error *err) MUST_CHECK;

#endif
