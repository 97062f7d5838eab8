// The options that token, jwt and exec share.
#ifndef SSA_CLI_REQUEST_H
#define SSA_CLI_REQUEST_H

#include "cli/command.h"

// Fails with SSA_USAGE.
bool request_read(const struct arguments *arguments, struct ssa_token_request *request,
                  struct ssa_error *err) MUST_CHECK;

// Fetches an access token, and warns of an operation that did not come to its end.
bool fetch_grant(const struct invocation *i, const struct ssa_token_request *request, struct ssa_grant *grant,
                 struct ssa_error *err) MUST_CHECK;

#endif
