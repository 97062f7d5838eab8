// The options of `ssa-hsm agent`.
#pragma once

#include "cli/agent/agent.h"
#include "config/paths.h"

extern const struct option option_foreground, option_csh, option_allow, option_lock_after, option_audit, option_facade,
    option_listen, option_tls_cert, option_tls_key, option_client_ca, option_locked;

// What agent_options borrows.
struct agent_texts {
    char socket[AGENT_PATH_MAX];
    char profiles[512];
    char callers[PATH_TEXT_MAX];
    char users[AGENT_ALLOW_MAX][64];
};

// Reads the command line, without the settings. Fails with SSA_USAGE, or as agent_usual_socket does.
bool agent_options_read(const struct arguments *arguments, struct agent_texts *texts, struct agent_options *options,
                        struct ssa_error *err) MUST_CHECK;

// Adds what the settings say: the profiles, where the line names none.
bool agent_options_complete(const struct ssa_run *run, struct agent_texts *texts, struct agent_options *options,
                            struct ssa_error *err) MUST_CHECK;
