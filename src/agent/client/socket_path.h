// Where an agent listens, unless something else is named.
#pragma once

#include "core/error.h"

// Of a Unix socket, with the NUL (sun_path).
enum { AGENT_PATH_MAX = 108 };

// The path where an agent listens: the first path in SSA_HSM_AGENT, else $XDG_RUNTIME_DIR/ssa-hsm/agent.sock, else in a
// folder of /run/user. Fails with SSA_CONFIG where none of these can be had.
bool agent_usual_socket(char path[static AGENT_PATH_MAX], struct ssa_error *err) MUST_CHECK;
