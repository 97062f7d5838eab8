// Where the PIN comes from, and whether it may be tried: once, and never in vain.
#pragma once

#include "config/settings.h"
#include "pin/attempts.h"

// The PIN tries of one run, which may go from token to token.
struct pin_tries {
    struct token_name spent[SSA_PROFILES_MAX]; // tokens that a try may have been spent on
    size_t count;
};

struct pin_policy {
    const struct ssa_run *run;
    struct pin_tries *tries; // NULL where there is only one token
    const char *source;      // a reference to the PIN; NULL: a person is asked
    bool retry;              // allow a try after one that failed
    struct pin_attempt attempt;
    unsigned level; // pin_level before the first try
};

// Sets up *policy from the settings and the URI of the token or key, whose pin-source counts where the
// settings have none. Fails with SSA_CONFIG, before any token is touched, where the source is not a valid
// reference.
bool pin_policy_init(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                     struct ssa_error *err) MUST_CHECK;

// The same for the token of the client secret. The URI's own pin-source goes first: the one in the settings
// is of the key's token.
bool pin_policy_of_secret(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                          struct ssa_error *err) MUST_CHECK;

// Whether a person gives the PIN.
bool pin_attended(const struct pin_policy *policy, const struct token_info *info);

// Gives the PIN to a login, by this policy. *policy must live as long as the token.
struct pin_giver pin_giver_of(struct pin_policy *policy);
