// How an agent is, of this host or of another one: what it tells everybody who may ask it at all, without a request to
// the API.
#pragma once

#include "agent/client/broker.h"

enum { AGENT_HEALTH_MAX = 16 };

#define AGENT_HEALTH_OK     "ok"
#define AGENT_HEALTH_LOCKED "locked"
#define AGENT_HEALTH_LOST   "lost"

// Asks the agent at a place: the path of a socket, or the address of a broker, for which files are. *health becomes its
// word ("ok", "locked", "lost", "failing"). Fails as agent_ask and broker_ask do, and with the agent's own error where
// it refuses (SSA_REFUSED).
bool agent_health(const char *place, const struct broker_files *files, unsigned timeout_ms,
                  const struct ssa_callbacks *callbacks, char health[static AGENT_HEALTH_MAX],
                  struct ssa_error *err) MUST_CHECK;
