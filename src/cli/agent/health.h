// `ssa-hsm agent status` for agents that tell this user only how they are: those of other hosts and other users.
#pragma once

#include "cli/agent/agent.h"

// Prints how the agents of a list are, or how the only one is (then the list is not looked at). Where none tells, it
// fails with the error of the first.
bool health_print(const struct invocation *invocation, const char *list, const char *only,
                  struct ssa_error *err) MUST_CHECK;
