// What the commands about accounts and keys at the API begin with: a client, and which account is meant.
#ifndef SSA_MANAGE_ACCOUNT_REFERENCE_H
#define SSA_MANAGE_ACCOUNT_REFERENCE_H

#include "aps/aps.h"
#include "signer/api_client.h"
#include "signer/open_token.h"

// The account that a command is about: named by id or email, else the settings' own. Borrowed.
struct subject {
    const char *wanted; // an id or an email
    bool by_email;      // and it is not the settings' own, whose id is known
    const char *email;  // where the settings know it; else NULL
};

// Asks nothing. Fails with SSA_CONFIG (the settings name none) or SSA_USAGE (it can be no id).
bool subject_choose(const struct ssa_run *run, const char *named, struct subject *subject,
                    struct ssa_error *err) MUST_CHECK;

// Its id, and its email where that is known: for one request where an email was named, else for none.
bool subject_find(struct aps *client, const struct subject *subject, struct aps_account *account,
                  struct ssa_error *err) MUST_CHECK;

// Whether an id is that of the settings' own account, or key.
bool settings_own_account(const struct ssa_run *run, const char *id);
bool settings_own_key(const struct ssa_run *run, const char *account, const char *key_id);

// A client with an admin token of these scopes. Tells of what did not come to its end.
bool manage_begin(const struct ssa_run *run, const char *scopes, struct aps **client,
                  struct ssa_error *err) MUST_CHECK;

// The same with a client secret that is known.
bool manage_begin_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                       struct aps **client, struct ssa_error *err) MUST_CHECK;

// An account as the library hands it out.
void account_take(const struct ssa_run *run, const struct aps_account *from, struct ssa_account *to);

#endif
