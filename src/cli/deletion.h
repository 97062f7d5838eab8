// Asking before something is deleted.
#ifndef SSA_CLI_DELETION_H
#define SSA_CLI_DELETION_H

#include "cli/command.h"

// True with --yes, or when a person types it. Fails with SSA_USAGE.
bool deletion_confirmed(const struct invocation *invocation, const char *question,
                        struct ssa_error *err) MUST_CHECK;

#endif
