// Keys as they are printed.
#pragma once

#include "cli/command/common.h"
#include "cli/output/document.h"
#include "cli/output/table.h"

// Writes the members of a key. The caller opens and closes the object.
void key_members(struct document *document, const struct ssa_key *key);

// Adds a cell that says where a key is: the labels of its PKCS#11 tokens, or "not here".
void table_add_places(struct table *table, const struct ssa_key *key);

// Its status for people.
const char *key_status(const struct ssa_key *key);

// Explains "not here" and "not at the API" below a list in which they stand.
void keys_notes(const struct ssa_keys *keys);
