// What the three commands that write a profile share: where it goes, and what is said when it is done.
#ifndef SSA_CLI_CREATED_H
#define SSA_CLI_CREATED_H

#include "cli/command.h"

// Where it goes, as the line says. Fails with SSA_USAGE.
bool output_of(const struct arguments *arguments, struct ssa_output *output,
               struct ssa_error *err) MUST_CHECK;

// Prints the block to standard output, and where it is saved to standard error.
bool created_print(const struct ssa_created *created, struct ssa_error *err) MUST_CHECK;

// Says who has to be given access before a token is good for anything.
void created_next_step(const struct ssa_created *created);

#endif
