// Asking an agent of this host: HTTP/1.1 over its Unix socket, with nothing but the C library and yajl.
#pragma once

#include "core/api.h"
#include "core/error.h"
#include "core/secret.h"

struct agent_answer {
    unsigned status;      // of HTTP
    struct secret body;   // JSON
    unsigned retry_after; // seconds; 0: not told
};
void agent_answer_free(struct agent_answer *answer);

// Sends one request ("GET", "/v1/token?scope=data%3Aread") and reads the answer. Fails with SSA_ABSENT where nobody
// listens at path, where the socket or its folder belongs to somebody else than root or this user, and with SSA_NETWORK
// where the agent closes the connection, does not answer in time (timeout_ms, as long as the callbacks let it), or
// answers with something that is not HTTP.
bool agent_ask(const char *path, const char *method, const char *target, unsigned timeout_ms,
               const struct ssa_callbacks *callbacks, struct agent_answer *answer, struct ssa_error *err) MUST_CHECK;
