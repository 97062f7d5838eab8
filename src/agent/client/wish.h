// What is wanted of an agent, as the target of a request (docs/agent-http.md).
#pragma once

#include "core/error.h"
#include "core/secret.h"

// Texts may be NULL or empty: then nothing is said about that. All borrowed.
struct agent_wish {
    const char *profile; // else the agent's first
    const char *scope;   // else the profile's; separated by commas or spaces
    unsigned wait;       // seconds that the agent may take; 0: as usual
    // What the caller takes for the profile's. The agent refuses where its own differ.
    const char *client_id, *account, *base_url;
    // Of an access token:
    unsigned min_ttl; // seconds for which it must be valid; 0: any
    bool force;       // a new one, whatever the agent has
    // Of an assertion:
    unsigned lifetime; // seconds; 0: as usual
    bool not_before;
};

// Warns of scopes that nobody knows: an agent does not.
void agent_wish_examine(const struct agent_wish *wish, const struct ssa_callbacks *callbacks);

// Make the target in an empty buffer, which the caller frees. Fail with SSA_USAGE where it is too long.
bool agent_wish_token(const struct agent_wish *wish, struct secret *target, struct ssa_error *err) MUST_CHECK;
bool agent_wish_assertion(const struct agent_wish *wish, struct secret *target, struct ssa_error *err) MUST_CHECK;
