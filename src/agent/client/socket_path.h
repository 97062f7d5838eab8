// Where an agent of this user listens, unless an option names another place.
#pragma once

#include "agent/client/place.h"

enum { AGENT_PATH_MAX = AGENT_SOCKET_MAX };

// Whether SSA_HSM_AGENT names agents of other hosts, and none of this one.
bool agent_is_elsewhere(void);

// The first path of a socket in SSA_HSM_AGENT, else the usual one (agent_place_usual). Fails with SSA_CONFIG where that
// is too long.
bool agent_usual_socket(char path[static AGENT_PATH_MAX], struct ssa_error *err) MUST_CHECK;
