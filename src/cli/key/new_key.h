// What the commands share that put a new key into a PKCS#11 token and write a profile.
#pragma once

#include "cli/command/common.h"
#include "cli/output/document.h"

extern const struct option option_force, option_import, option_rehearse, option_replace, option_show_secret,
    option_slot;

// Reads these options. Fails with SSA_USAGE.
bool output_read(const struct arguments *arguments, struct ssa_output *output, struct ssa_error *err) MUST_CHECK;

// Prints the block to standard output, or, with --json, the same without the client secret. Says on standard error
// where it is saved.
bool created_print(const struct arguments *arguments, const struct ssa_created *created,
                   struct ssa_error *err) MUST_CHECK;

// Writes the members of that JSON. The caller opens and closes the object.
void created_members(struct json_writer *w, const struct ssa_created *created);

// Says who has to be given access before access tokens are useful.
void created_next_step(const struct ssa_created *created);
