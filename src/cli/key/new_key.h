// What the commands share that put a new key into a PKCS#11 token and write a profile.
#pragma once

#include "cli/command/common.h"

extern const struct option option_force, option_import, option_rehearse, option_replace, option_show_secret,
    option_slot;

// Reads these options. Fails with SSA_USAGE.
bool output_read(const struct arguments *arguments, struct ssa_output *output, struct ssa_error *err) MUST_CHECK;

// Prints the block to standard output, and where it is saved to standard error.
bool created_print(const struct ssa_created *created, struct ssa_error *err) MUST_CHECK;

// Says who has to be given access before access tokens are useful.
void created_next_step(const struct ssa_created *created);
