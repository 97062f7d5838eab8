// Where the PIN comes from, and whether it may be tried (product rule: once, and never in vain).
#ifndef SSA_PIN_POLICY_H
#define SSA_PIN_POLICY_H

#include "config/settings.h"
#include "pin/attempts.h"

// What became of the PINs of one run, which may go from token to token.
struct pin_tries {
    struct token_name spent[SSA_PROFILES_MAX]; // tokens with which a try may have been spent
    size_t count;
    bool unanswered; // the last token was not tried: it had broken off an earlier login
};

struct pin_policy {
    const struct ssa_run *run;
    struct pin_tries *tries; // NULL where there is one token alone
    const char *source;      // a reference; NULL: a person is asked
    bool retry;
    struct pin_attempt state;
    unsigned level; // of the token's flags before the first try
    // Called once the PIN is there, before it is tried; may be NULL.
    void (*ready)(void *context);
    void *ready_context;
};

// Sets up *policy from the settings and the token's or key's URI (its pin-source counts where the settings
// name none). A source that is none of ours fails with SSA_CONFIG before any token is touched.
bool pin_policy_init(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                     struct ssa_error *err) MUST_CHECK;

// The same for the token of the client secret: the settings name the PIN source of the key's token, so that
// the URI's own goes first.
bool pin_policy_of_secret(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                          struct ssa_error *err) MUST_CHECK;

// Whether a person gives the PIN.
bool pin_attended(const struct pin_policy *policy, const struct token_info *info);

struct pin_giver pin_giver_of(struct pin_policy *policy);

#endif
