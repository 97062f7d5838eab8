// What accounts there are.
#include <errno.h>
#include <stdlib.h>

#include "manage/account_reference.h"
#include "manage/undo.h"
#include "signer/api_client.h"

void ssa_accounts_free(struct ssa_accounts *accounts)
{
    free(accounts->list);
    *accounts = (struct ssa_accounts){0};
}

bool ssa_account_list(const struct ssa_run *run, struct ssa_accounts *accounts, struct ssa_error *err)
{
    struct aps_accounts found = {0};
    *accounts = (struct ssa_accounts){0};
    APS_AUTO *client = NULL;
    if (!manage_begin(run, APS_SCOPE_ACCOUNT_READ, &client, err) || !aps_account_list(client, &found, err))
        return false;
    accounts->list = calloc(found.count + 1, sizeof accounts->list[0]);
    if (accounts->list == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the accounts");
    accounts->count = found.count;
    for (size_t i = 0; i < found.count; i++)
        account_take(run, &found.list[i], &accounts->list[i]);
    return true;
}

bool ssa_account_show(const struct ssa_run *run, const char *account, struct ssa_account *shown,
                      struct ssa_error *err)
{
    struct subject subject;
    struct aps_account found = {0};
    APS_AUTO *client = NULL;
    *shown = (struct ssa_account){0};
    if (!subject_choose(run, account, &subject, err) ||
        !manage_begin(run, APS_SCOPE_ACCOUNT_READ, &client, err))
        return false;
    // The list that an email is looked up in tells everything already.
    const bool done = subject.by_email ? find_account(client, subject.wanted, &found, err)
                                       : aps_account_get(client, subject.wanted, &found, err);
    if (done)
        account_take(run, &found, shown);
    return done;
}
