// Keys as they are printed, and the command that changes their status.
#ifndef SSA_CLI_KEY_H
#define SSA_CLI_KEY_H

#include "cli/command.h"
#include "cli/document.h"

// Room in a document for these keys.
size_t keys_json_max(const struct ssa_keys *keys);

void key_json(struct json_writer *w, const struct ssa_key *key);

// Where a key is, for people: tokens' labels, or that it is not here.
#define WHERE_TEXT_MAX 512U
void key_where(const struct ssa_key *key, char out[static WHERE_TEXT_MAX]);

// What is to be said once below the keys: that one may live elsewhere, or is of no use any more.
void keys_notes(const struct ssa_keys *keys);

// key enable and disable.
bool key_set_enabled(const struct invocation *i, bool enable, struct ssa_error *err) MUST_CHECK;

#endif
