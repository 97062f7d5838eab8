// account list: the accounts of the client id.
#include <errno.h>
#include <stdlib.h>

#include "manage/account_reference.h"
#include "manage/admin_client.h"

void ssa_accounts_free(struct ssa_accounts *accounts)
{
    free(accounts->list);
    *accounts = (struct ssa_accounts){0};
}

bool ssa_account_list(const struct ssa_run *run, struct ssa_accounts *accounts, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    ACCOUNTS_AUTO *found = NULL;
    APS_AUTO *client = NULL;
    *accounts = (struct ssa_accounts){0};
    if (!admin_client_open(run, APS_SCOPE_ACCOUNT_READ, &client, err))
        return false;
    if (!aps_accounts_new(client, &found, err))
        return false;
    accounts->list = calloc(found->count + 1, sizeof accounts->list[0]);
    if (accounts->list == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the accounts");
    accounts->count = found->count;
    for (size_t i = 0; i < found->count; i++)
        account_to_public(run, &found->list[i], &accounts->list[i]);
    return true;
}
