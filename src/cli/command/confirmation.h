// Asking before something is deleted.
#pragma once

#include "cli/command/command.h"

// True with --yes, or when a person types "yes". Fails with SSA_USAGE.
bool deletion_confirmed(const struct invocation *invocation, struct ssa_error *err, const char *question,
                        ...) MUST_CHECK __attribute__((format(printf, 3, 4)));
