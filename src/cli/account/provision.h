// The parts of `account provision` that add the account to no project.
#pragma once

#include "cli/command/common.h"

// Fetches an access token, and prints the hubs and projects that it gives access to.
bool provision_check(const struct invocation *i, struct ssa_error *err) MUST_CHECK;

// Prints what an administrator does, with the client id and the email to copy.
bool provision_steps(const struct invocation *i, struct ssa_error *err) MUST_CHECK;
