// account delete: deletes an account at the API.
#include "core/callback.h"
#include "core/text.h"
#include "manage/account_reference.h"
#include "manage/admin_client.h"

enum { KEYS_TEXT_MAX = 64 };

// The API may not list the keys of an account that is not enabled. That must not keep it from being deleted.
static void describe_keys(struct oauth_client *client, const char *account, char out[static KEYS_TEXT_MAX])
{
    struct aps_keys keys;
    bool fits = false;
    if (!aps_key_list(client, account, &keys, ERROR_IGNORED))
        fits = text_format(out, KEYS_TEXT_MAX, " and all its keys");
    else if (keys.count == 0)
        fits = text_format(out, KEYS_TEXT_MAX, ", which has no keys,");
    else
        fits = text_format(out, KEYS_TEXT_MAX, " and its %zu key%s", keys.count, keys.count == 1 ? "" : "s");
    if (!fits)
        out[0] = '\0';
}

// Looks at the account, so that the person sees what will be deleted.
static OWN_FRAME bool confirmed(const struct ssa_run *run, struct oauth_client *client, const struct aps_account *named,
                                struct ssa_error *err)
{
    struct aps_account found = *named;
    struct ssa_account shown;
    char keys[KEYS_TEXT_MAX];
    // What was found by its email is known already.
    if (found.status[0] == '\0' && !aps_account_get(client, named->id, &found, err))
        return false;
    describe_keys(client, found.id, keys);
    account_to_public(run, &found, &shown);
    if (callback_confirms(&run->callbacks, "Delete account %s (%s)%s at the API?%s", found.id,
                          found.email[0] != '\0' ? found.email : "no email", keys,
                          shown.own ? " The settings use it." : ""))
        return true;
    return error_because(err, SSA_DECLINED, SSA_REASON_NOT_CONFIRMED, found.id,
                         "the account was not deleted: you did not confirm");
}

bool ssa_account_delete(const struct ssa_run *run, const char *account, bool yes, struct ssa_error *err)
{
    static const char scope[] = APS_SCOPE_ACCOUNT_WRITE, scopes[] = APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ,
                      all_scopes[] = APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ " " APS_SCOPE_KEY_READ;
    err = ERROR_OR_IGNORED(err);
    struct account_reference reference;
    struct aps_account found;
    APS_AUTO *client = NULL;
    JOURNAL_AUTO audit = {.fd = -1};
    // This is not account_choose: for an email, the API must give the id, since the settings may be out of date.
    if (!account_named(account, &reference, err))
        return false;
    if (!admin_client_open(run, !yes ? all_scopes : reference.by_email ? scopes : scope, &client, err))
        return false;
    if (!account_find(client, &reference, &found, err))
        return false;
    if (!yes && !confirmed(run, client, &found, err))
        return false;
    if (!audit_begin(&audit, run, OP_ACCOUNT_DELETE, found.id, NULL, err))
        return false;
    return audit_end(&audit, aps_account_delete(client, found.id, err), err);
}
