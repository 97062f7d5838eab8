// Which account and which key a command is about. The account is given by its id or its email, or it is the settings'
// own.
#pragma once

#include "aps/aps.h"

// Borrows its texts.
struct account_reference {
    const char *wanted; // an id or an email
    const char *email;  // of the settings' own account, where the settings have it; else NULL
    bool own;           // wanted is the id of the settings' own account
    bool by_email;      // wanted is an email: the API must be asked for the id
};

// Takes the id or email that a person typed. Does not ask the API. Fails with SSA_USAGE where it is neither.
bool account_named(const char *named, struct account_reference *reference, struct ssa_error *err) MUST_CHECK;

// The same, but the settings come first: they have the id for their own email, and for their own account named may be
// NULL. Fails with SSA_CONFIG where named is NULL and the settings have no account.
bool account_choose(const struct ssa_run *run, const char *named, struct account_reference *reference,
                    struct ssa_error *err) MUST_CHECK;

// Finds the id, and the email where it is known. For an email this needs one request, for an id none.
bool account_find(struct oauth_client *client, const struct account_reference *reference, struct aps_account *account,
                  struct ssa_error *err) MUST_CHECK;

// An account as the library gives it to its caller.
void account_to_public(const struct ssa_run *run, const struct aps_account *from, struct ssa_account *to);

// Fails with SSA_USAGE where the text that a person typed is not a valid id of a key.
bool key_check_id(const char *key_id, struct ssa_error *err) MUST_CHECK;

// Whether this is the settings' own key.
bool key_is_own(const struct ssa_run *run, const char *account, const char *key_id);
