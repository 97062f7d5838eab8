// What the commands about the agent share.
#pragma once

#include <sys/types.h>

#include "agent/client/client.h"
#include "agent/client/socket_path.h"
#include "agent/daemon/agent.h"
#include "cli/command/common.h"

extern const struct option option_socket;

// Exit codes of several of them.
#define EXIT_AGENT_SILENT                                                                                              \
    {                                                                                                                  \
        "8", "the agent does not answer in time, or what answers there is no agent"                                    \
    }
#define EXIT_LOGIN_FAILED                                                                                              \
    {"5", "the PIN is wrong, locked or not available"},                                                                \
        {"6", "the PKCS#11 token does not have the key, or the client secret"},                                        \
    {                                                                                                                  \
        "7", "a PKCS#11 operation failed"                                                                              \
    }

// The path that --socket names, else the usual one.
bool agent_socket_path(const struct arguments *arguments, char path[static AGENT_PATH_MAX],
                       struct ssa_error *err) MUST_CHECK;

// The same, for a command that an agent of another host does not obey. Fails with SSA_USAGE where SSA_HSM_AGENT names
// only such agents: the one of this host is not meant then.
bool agent_own_socket(const struct arguments *arguments, char path[static AGENT_PATH_MAX],
                      struct ssa_error *err) MUST_CHECK;

// Asks the agent for something, and fails with its own error where it refuses that. *answer may be NULL. `what` is
// "lock", for instance, and profile (may be NULL) goes with it.
bool agent_get(const char *path, const char *what, const struct ssa_run *run, struct agent_answer *answer,
               struct ssa_error *err) MUST_CHECK;
bool agent_post(const char *path, const char *what, const char *profile, const struct ssa_run *run,
                struct ssa_error *err) MUST_CHECK;

// Unlocks the agent's profiles, or one. Where a person must give the PIN, the question goes to the callbacks, and the
// answer to the signer.
bool agent_unlock(const char *path, const char *profile, const struct ssa_run *run, struct ssa_error *err) MUST_CHECK;

// Whether that failed because a person must give the PIN: the detail is the PIN socket. A PIN that was refused is
// another failure.
bool agent_wants_person(const struct ssa_error *err);

// The process that listens at path. Fails with SSA_ABSENT where there is none, and with SSA_REASON_AGENT_MANAGED where
// a service manager listens in the agent's place.
bool agent_process(const char *path, pid_t *pid, struct ssa_error *err) MUST_CHECK;
