// account enable, account disable.

#include "manage/account_reference.h"
#include "manage/admin_client.h"

static const char scopes[] = APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ;

static bool set_status(struct oauth_client *client, const char *id, const char *status, struct aps_account *found,
                       bool *changed, struct ssa_error *err)
{
    enum oauth_outcome outcome;
    *changed = true;
    if (aps_account_set_status(client, id, status, found, &outcome, err))
        return true;
    // The first request may have changed it, and its answer may have been lost.
    *changed = outcome == OAUTH_MAYBE_DONE;
    if (!aps_is_unclear(err, 400) || !aps_account_get(client, id, found, ERROR_IGNORED))
        return false;
    if (strcmp(found->status, status) == 0)
        return true;
    return error_hint(err, "The account is still %s.", found->status);
}

bool ssa_account_enable(const struct ssa_run *run, const char *account, bool enable, struct ssa_account *after,
                        bool *changed, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    const char *status = enable ? APS_ENABLED : APS_DISABLED;
    const enum operation operation = enable ? OP_ACCOUNT_ENABLE : OP_ACCOUNT_DISABLE;
    struct account_reference reference;
    struct aps_account found;
    char id[API_ID_MAX];
    APS_AUTO *client = NULL;
    JOURNAL_AUTO audit = {.fd = -1};
    *changed = false;
    if (!account_choose(run, account, &reference, err))
        return false;
    if (!admin_client_open(run, scopes, &client, err))
        return false;
    if (!account_find(client, &reference, &found, err))
        return false;
    memcpy(id, found.id, sizeof id);
    // Where an email was found in the list, the status is known already.
    if (strcmp(found.status, status) != 0) {
        if (!audit_begin(&audit, run, operation, id, NULL, err))
            return false;
        if (!audit_end(&audit, set_status(client, id, status, &found, changed, err), err))
            return false;
    }
    account_to_public(run, &found, after);
    return true;
}
