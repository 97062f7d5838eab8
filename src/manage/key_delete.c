// key delete: deletes a key at the API.
#include "manage/account_reference.h"
#include "manage/admin_client.h"

bool ssa_key_delete(const struct ssa_run *run, const char *account, const char *key_id, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    struct account_reference reference;
    struct aps_account found;
    APS_AUTO *client = NULL;
    JOURNAL_AUTO audit = {.fd = -1};
    if (!key_check_id(key_id, err) || !account_choose(run, account, &reference, err))
        return false;
    const char *scopes = reference.by_email ? APS_SCOPE_KEY_WRITE " " APS_SCOPE_ACCOUNT_READ : APS_SCOPE_KEY_WRITE;
    if (!admin_client_open(run, scopes, &client, err))
        return false;
    if (!account_find(client, &reference, &found, err))
        return false;
    if (!audit_begin(&audit, run, OP_KEY_DELETE, found.id, key_id, err))
        return false;
    return audit_end(&audit, aps_key_delete(client, found.id, key_id, err), err);
}
