// Where the PIN comes from, and whether it may be tried. A stored PIN is tried once, and not where it would be wrong
// again.
#pragma once

#include "config/settings.h"
#include "pin/attempts.h"

// The PIN tries of one run, which may use several PKCS#11 tokens.
struct pin_tries {
    struct token_name spent[SSA_PROFILES_MAX]; // tokens on which a try may have been wrong
    size_t count;
};

// For a process that lives on: it knows whether a person can be asked at the moment, and follows the tries.
struct pin_watch {
    void *context;
    bool (*may_ask)(void *context);
    void (*begins)(void *context, bool recorded); // a PIN is about to be sent; a record would outlive this process
    void (*ended)(void *context, enum pin_outcome outcome);
};

struct pin_policy {
    const struct ssa_run *run;
    struct pin_tries *tries; // NULL where there is only one token
    const char *source;      // a reference to the PIN; NULL: a person is asked
    bool retry;              // allow a try after one that failed
    // A PIN that was right before, and is given in place of the source's; may be NULL. The rules for a try are the
    // same.
    const struct secret *known;
    unsigned unanswered; // so many tries in a row have no record and had no answer
    struct pin_attempt attempt;
    unsigned level;                // pin_level before the first try
    bool edge_blank;               // the PIN that was given begins or ends with a blank
    const struct pin_watch *watch; // NULL: a person is asked whenever that is needed
    void (*given)(void *context);  // called once there is a PIN to try; may be NULL
    void *context;                 // for given
};

// Sets up *policy, of which only tries (may be NULL) stays, from the settings and the URI of the token or key. The
// URI's pin-source is used where the settings have none. Fails with SSA_CONFIG where the source is not a valid
// reference; no token is used before that.
bool pin_policy_init(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                     struct ssa_error *err) MUST_CHECK;

// The same for the token of the client secret. Here the URI's pin-source comes first, since the one in the settings is
// for the key's token.
bool pin_policy_of_secret(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                          struct ssa_error *err) MUST_CHECK;

// Whether a person gives the PIN.
bool pin_attended(const struct pin_policy *policy, const struct token_info *info);

// Whether the source has the PIN a second time: a pipe or a descriptor has not.
bool pin_source_lasts(const struct pin_policy *policy);

// Whether a stored PIN would be tried now, as far as the token's flags and the records tell. The PIN is not read, and
// nothing is recorded. Fails with SSA_PIN.
bool pin_would_be_tried(const struct pin_policy *policy, const struct token_info *info,
                        struct ssa_error *err) MUST_CHECK;

// Gives the PIN to a login, by this policy. *policy must live as long as the token.
struct pin_giver pin_giver_of(struct pin_policy *policy);
