// Other users who may ask the agent: from names to numbers, and the scopes of each.
#pragma once

#include "agent/daemon/agent.h"
#include "agent/http/server.h"

// *allowed becomes a list that the caller frees; NULL where there is none. Fails with SSA_CONFIG for a user that is not
// known, or that is named twice, and with SSA_USAGE for scopes that are none.
bool allow_read(const struct agent_options *options, struct allowed_user **allowed, struct ssa_error *err) MUST_CHECK;
