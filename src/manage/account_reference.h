// Which account a command is about: the one resolver of ids, emails and the settings' own account.
#pragma once

#include "aps/aps.h"

// Borrows its texts.
struct account_reference {
    const char *wanted; // an id or an email
    const char *email;  // of the settings' own account, where they know it; else NULL
    bool own;           // wanted is the id of the settings' own account
    bool by_email;      // wanted is an email: the API must be asked for the id
};

// Takes the id or email that a person typed. Asks nothing. Fails with SSA_USAGE where it is neither.
bool account_named(const char *named, struct account_reference *reference, struct ssa_error *err) MUST_CHECK;

// The same, but the settings are looked at first: they know the id to their own email, and named may be NULL
// for their own account. Fails with SSA_CONFIG where they are asked for one and have none.
bool account_choose(const struct ssa_run *run, const char *named, struct account_reference *reference,
                    struct ssa_error *err) MUST_CHECK;

// Finds the id, and the email where it is known. Costs one request for an email, and none for an id.
bool account_find(struct oauth_client *client, const struct account_reference *reference, struct aps_account *account,
                  struct ssa_error *err) MUST_CHECK;

// An account as the library hands it out.
void account_to_public(const struct ssa_run *run, const struct aps_account *from, struct ssa_account *to);
