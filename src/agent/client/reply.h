// What an agent's answer says: an access token, an assertion, or why there is none. The bytes are foreign.
#pragma once

#include "core/error.h"
#include "core/secret.h"
#include "core/span.h"

// Reads an access token: the same checks as for the API's own answer. grant->json has the members that the API's has.
// *lifetime becomes 0 where the API did not say it. Fails with SSA_NETWORK. The caller frees *grant.
bool agent_reply_token(struct span body, struct ssa_grant *grant, long long *lifetime,
                       struct ssa_error *err) MUST_CHECK;

// Writes a grant as JSON to out, which is empty. lifetime, expires_at (seconds since the epoch) and scope are left out
// where they are 0 or empty.
bool agent_grant_write(struct span token, long long lifetime, long long expires_at, const char *scope,
                       struct secret *out, struct ssa_error *err) MUST_CHECK;

// Reads an assertion. Fails with SSA_NETWORK. The caller frees *assertion.
bool agent_reply_assertion(struct span body, struct ssa_text *assertion, struct ssa_error *err) MUST_CHECK;

// How an agent failed, and so what can be done about it.
enum agent_failure {
    AGENT_NONE,          // what answered is no agent, or one of another version
    AGENT_OTHER_PROFILE, // it does not serve the profile, or its own is not the caller's
    AGENT_CANNOT,        // it cannot now; another one may
    AGENT_REFUSES,       // the request, or the caller; another one would, too
};

// Makes the error for an answer that is no success: with the class, reason, subject, cause and detail that the agent
// tells. place stands in for a subject.
enum agent_failure agent_reply_failure(unsigned status, struct span body, const char *place, struct ssa_error *err);
