// Asking agents on behalf of token, exec and jwt, and what is done where that fails.
#pragma once

#include "cli/token/agent_wanted.h"

// What came of it.
enum agent_end {
    AGENT_FAILED, // the command fails with *err
    AGENT_UNUSED, // the program works by itself
    AGENT_GAVE,
};

// What an agent gave: an access token or an assertion.
struct agent_given {
    struct ssa_grant grant;
    long long lifetime; // of the access token, in seconds
    struct ssa_text assertion;
};
void agent_given_free(struct agent_given *given);

// Asks for an access token that is valid for at least so many seconds, or for an assertion. Says why it works without
// an agent where somebody may want to know that.
enum agent_end agent_ask_token(const struct invocation *i, const struct request *request, unsigned min_ttl,
                               struct agent_given *given, struct ssa_error *err) MUST_CHECK;
enum agent_end agent_ask_assertion(const struct invocation *i, const struct request *request, struct agent_given *given,
                                   struct ssa_error *err) MUST_CHECK;
