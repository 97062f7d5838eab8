// account delete: deletes an account at the API.
#include "manage/account_reference.h"
#include "manage/admin_client.h"

bool ssa_account_delete(const struct ssa_run *run, const char *account, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    struct account_reference reference;
    struct aps_account found;
    APS_AUTO *client = NULL;
    JOURNAL_AUTO audit = {.fd = -1};
    // This is not account_choose: for an email, the API must give the id, since the settings may be out of date.
    if (!account_named(account, &reference, err))
        return false;
    const char *scopes =
        reference.by_email ? APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ : APS_SCOPE_ACCOUNT_WRITE;
    if (!admin_client_open(run, scopes, &client, err))
        return false;
    if (!account_find(client, &reference, &found, err))
        return false;
    if (!audit_begin(&audit, run, OP_ACCOUNT_DELETE, found.id, NULL, err))
        return false;
    return audit_end(&audit, aps_account_delete(client, found.id, err), err);
}
