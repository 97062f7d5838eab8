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
bool account_find(struct aps *client, const struct account_reference *reference, struct aps_account *account,
                  struct ssa_error *err) MUST_CHECK;

// Finds all that the API knows of the account with this id or email, for one request.
bool account_look_up(struct aps *client, const char *wanted, struct aps_account *account,
                     struct ssa_error *err) MUST_CHECK;

// Lists the accounts of the client id, for one request. The list is too large for a stack.
void account_list_free(struct aps_accounts **accounts);
#define ACCOUNTS_AUTO __attribute__((cleanup(account_list_free))) struct aps_accounts
bool account_list_new(struct aps *client, struct aps_accounts **accounts, struct ssa_error *err) MUST_CHECK;

// An account as the library hands it out.
void account_take(const struct ssa_run *run, const struct aps_account *from, struct ssa_account *to);
