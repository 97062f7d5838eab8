// account show: one account.
#include "manage/account_reference.h"
#include "manage/admin_client.h"

bool ssa_account_show(const struct ssa_run *run, const char *account, struct ssa_account *shown, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    struct account_reference reference;
    struct aps_account found = {0};
    APS_AUTO *client = NULL;
    *shown = (struct ssa_account){0};
    if (!account_choose(run, account, &reference, err))
        return false;
    if (!admin_client_open(run, APS_SCOPE_ACCOUNT_READ, &client, err))
        return false;
    // The list in which an email is found has all of it already.
    if (reference.by_email ? !aps_account_look_up(client, reference.wanted, &found, err)
                           : !aps_account_get(client, reference.wanted, &found, err))
        return false;
    account_to_public(run, &found, shown);
    return true;
}
