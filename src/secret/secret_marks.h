// The marks of data objects on a PKCS#11 token, as the journal has them and as the token shows them.
#pragma once

#include "hsm/data/mark.h"
#include "hsm/token/token.h"
#include "journal/journal.h"

// The marks that were there before an operation: an import replaces those objects, a removal removes them.
bool secret_note_before(struct entry *entry, const struct data_marks *before, struct ssa_error *err) MUST_CHECK;
void secret_read_before(const struct entry *entry, struct data_marks *before);

// The mark of the object that the operation makes. It contains the name of the journal's entry, so no other object has
// it.
bool secret_mark(const struct journal *j, struct data_marks *mine, struct ssa_error *err) MUST_CHECK;

// Finds twice which data objects have the URI's label, since a module may once find nothing and report success. Fails
// with SSA_TOKEN where the results differ.
bool secret_look(struct token *token, const struct uri *uri, struct data_marks *there,
                 struct ssa_error *err) MUST_CHECK;

// Counts the empty data objects, also twice.
bool secret_count_empty(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;

// The error about two results that differ. Returns false.
bool secret_looks_differ(const struct token *token, struct ssa_error *err);
