// The marks of data objects on a PKCS#11 token, as the journal has them and as the token shows them.
#pragma once

#include "hsm/data/mark.h"
#include "hsm/token/token.h"
#include "journal/journal.h"

// What was there before an operation: an import replaces it, a removal removes it.
bool secret_note_before(struct entry *entry, const struct data_marks *before, struct ssa_error *err) MUST_CHECK;
void secret_read_before(const struct entry *entry, struct data_marks *before);

// The mark of what the operation makes. Nothing else has it, and the journal's entry has its name.
bool secret_mark(const struct journal *j, struct data_marks *mine, struct ssa_error *err) MUST_CHECK;

// Looks twice which data objects have the URI's label, since a module may find nothing once and report
// success. Fails with SSA_TOKEN where the two looks differ.
bool secret_look(struct token *token, const struct uri *uri, struct data_marks *there,
                 struct ssa_error *err) MUST_CHECK;

// Counts, twice as well, the data objects with nothing in them, as empty_count_data does.
bool secret_count_empty(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;

// Says that two looks at the token's data objects differ. Returns false.
bool secret_looks_differ(const struct token *token, struct ssa_error *err);
