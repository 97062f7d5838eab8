// Asking an agent of this host: HTTP/1.1 over its Unix socket, with nothing but the C library and yajl.
#pragma once

#include <sys/stat.h>

#include "core/api.h"
#include "core/error.h"
#include "core/secret.h"

struct agent_answer {
    unsigned status;      // of HTTP
    struct secret body;   // JSON
    unsigned retry_after; // seconds; 0: not told
};
void agent_answer_free(struct agent_answer *answer);
#define AGENT_ANSWER_AUTO __attribute__((cleanup(agent_answer_free))) struct agent_answer

// Sends one request ("GET", "/v1/token?scope=data%3Aread") and reads the answer. Fails with SSA_ABSENT where nobody
// listens at path (SSA_REASON_AGENT_GONE), and where what listens there is not to be trusted; with SSA_NETWORK where
// the agent closes the connection, does not answer in time (SSA_REASON_TIMEOUT; timeout_ms, as long as the callbacks
// let it), or answers with something that is not HTTP.
//
// Who listens must be this user or root. Another user is believed only where the socket is that user's, in a folder
// that nobody else may write to: then whoever named the path has chosen that user.
bool agent_ask(const char *path, const char *method, const char *target, unsigned timeout_ms,
               const struct ssa_callbacks *callbacks, struct agent_answer *answer, struct ssa_error *err) MUST_CHECK;

// The rule about who listens; for agent_ask, and its test.
bool agent_is_trusted(uid_t listener, uid_t user, const struct stat *socket, const struct stat *folder);
