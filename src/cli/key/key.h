// Keys as they are printed, and the change of their status.
#pragma once

#include "cli/command/command.h"
#include "cli/output/document.h"
#include "cli/output/table.h"

// How many bytes these keys need in a document.
size_t keys_json_max(const struct ssa_keys *keys);

void key_json(struct json_writer *w, const struct ssa_key *key);

// Adds a cell that says where a key is: the labels of its PKCS#11 tokens, or "not here".
void table_add_places(struct table *table, const struct ssa_key *key);

// Says below a list what "not here" and "not at the API" mean, where a key is.
void keys_notes(const struct ssa_keys *keys);

// What `key enable` and `key disable` do.
bool key_set_enabled(const struct invocation *i, bool enable, struct ssa_error *err) MUST_CHECK;
