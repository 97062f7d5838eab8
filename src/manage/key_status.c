// key enable, key disable.

#include "manage/account_reference.h"
#include "manage/admin_client.h"

static const char scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;

static OWN_FRAME bool has_status(struct oauth_client *client, const char *account, const char *key_id,
                                 const char *status)
{
    struct aps_keys keys;
    if (!aps_key_list(client, account, &keys, ERROR_IGNORED))
        return false;
    const struct aps_key *key = aps_key_in(&keys, key_id);
    return key != NULL && strcmp(key->status, status) == 0;
}

static bool set_status(struct oauth_client *client, const char *account, const char *key_id, const char *status,
                       bool *changed, struct ssa_error *err)
{
    enum oauth_outcome outcome;
    *changed = true;
    if (aps_key_set_status(client, account, key_id, status, &outcome, err))
        return true;
    // The first request may have changed it, and its answer may have been lost.
    *changed = outcome == OAUTH_MAYBE_DONE;
    return aps_is_unclear(err, 400) && has_status(client, account, key_id, status);
}

bool ssa_key_enable(const struct ssa_run *run, const char *account, const char *key_id, bool enable, bool *changed,
                    struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    const char *status = enable ? APS_ENABLED : APS_DISABLED;
    const enum operation operation = enable ? OP_KEY_ENABLE : OP_KEY_DISABLE;
    struct account_reference reference;
    struct aps_account found;
    APS_AUTO *client = NULL;
    JOURNAL_AUTO audit = {.fd = -1};
    *changed = false;
    if (!key_check_id(key_id, err) || !account_choose(run, account, &reference, err))
        return false;
    if (!admin_client_open(run, scopes, &client, err))
        return false;
    if (!account_find(client, &reference, &found, err))
        return false;
    if (!audit_begin(&audit, run, operation, found.id, key_id, err))
        return false;
    if (audit_end(&audit, set_status(client, found.id, key_id, status, changed, err), err))
        return true;
    aps_explain_keys(client, found.id, false, err);
    return false;
}
