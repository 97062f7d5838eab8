// Asking before something is deleted.
#ifndef SSA_CLI_CONFIRMATION_H
#define SSA_CLI_CONFIRMATION_H

#include "cli/command/command.h"

// True with --yes, or when a person types "yes". Fails with SSA_USAGE.
bool deletion_confirmed(const struct invocation *invocation, struct ssa_error *err, const char *question,
                        ...) MUST_CHECK __attribute__((format(printf, 3, 4)));

#endif
