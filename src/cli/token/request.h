// What token, jwt and exec share: the options about the access token that is wanted.
#pragma once

#include "cli/command/common.h"

extern const struct option option_expires_in, option_nbf, option_scope;

enum { SCOPE_MAX = 4096 };

struct request {
    struct ssa_token_request wanted;
    char scope[SCOPE_MAX]; // of wanted: --scope may be repeated
};

// Reads these options. Fails with SSA_USAGE.
bool request_read(const struct arguments *arguments, struct request *request, struct ssa_error *err) MUST_CHECK;

// Fails where the settings cannot be read: only an agent helps then.
bool works_alone(const struct invocation *i, struct ssa_error *err) MUST_CHECK;

// Gets an access token of an agent, or fetches one, and then warns of an operation that was interrupted.
bool fetch_grant(const struct invocation *i, const struct request *request, struct ssa_grant *grant,
                 struct ssa_error *err) MUST_CHECK;
