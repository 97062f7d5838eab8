// Accounts at the API.
#pragma once

#include "program/time.h"
#include "ssa-hsm/settings.h"

struct ssa_account {
    char id[128], email[256];
    char created_by[128]; // a client id
    char status[32];      // ENABLED, DISABLED, DEACTIVATED, or another word of the API
    struct ssa_time created, accessed, expires;
    bool own; // the settings name this account
};

// The caller frees it with ssa_accounts_free, which also accepts an empty one.
struct ssa_accounts {
    struct ssa_account *list;
    size_t count;
};
void ssa_accounts_free(struct ssa_accounts *accounts);

// Lists all accounts of the client id.
bool ssa_account_list(const struct ssa_run *run, struct ssa_accounts *accounts, struct ssa_error *err);

// Shows one account. account is its id or email; NULL means the settings' own (SSA_CONFIG if they have none).
bool ssa_account_show(const struct ssa_run *run, const char *account, struct ssa_account *shown, struct ssa_error *err);

// Enables an account, also one that is DEACTIVATED, or disables it. While it is disabled, its keys cannot be managed
// and no access tokens can be fetched. *after is the account as the API shows it afterwards. If the account already had
// that status, *changed is false, and the call does not fail.
bool ssa_account_enable(const struct ssa_run *run, const char *account, bool enable, struct ssa_account *after,
                        bool *changed, struct ssa_error *err);

// Deletes an account at the API, if yes is set or the person confirms (else SSA_DECLINED). The question names the
// account's email and tells how many keys it has. Uses no PKCS#11 token.
bool ssa_account_delete(const struct ssa_run *run, const char *account, bool yes, struct ssa_error *err);
