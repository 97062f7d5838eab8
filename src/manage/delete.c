// Deleting an account or a key at the API, by its own id.
#include "journal/audit.h"
#include "manage/account_reference.h"
#include "manage/undo.h"
#include "signer/api_client.h"

// Known before a request is spent.
static bool is_id(const char *text, const char *whose, struct ssa_error *err)
{
    return aps_is_id(text) || error_set(err, SSA_USAGE, NULL, text, "can be %s id", whose);
}

bool ssa_account_delete(const struct ssa_run *run, const char *account, struct ssa_error *err)
{
    struct aps_account found;
    APS_AUTO *client = NULL;
    const bool by_email = strchr(account, '@') != NULL;
    if (!by_email && !is_id(account, "an account's", err))
        return false;
    const char *scopes =
        by_email ? APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ : APS_SCOPE_ACCOUNT_WRITE;
    if (!manage_begin(run, scopes, &client, err) || (by_email && !find_account(client, account, &found, err)))
        return false;
    JOURNAL_AUTO audit = {.fd = -1};
    const char *id = by_email ? found.id : account;
    return audit_begin(&audit, run, OP_ACCOUNT_DELETE, id, NULL, err) &&
           audit_end(&audit, aps_account_delete(client, id, err), err);
}

bool ssa_key_delete(const struct ssa_run *run, const char *account, const char *key_id, struct ssa_error *err)
{
    struct aps_account found;
    struct identity identity = {.account_id = account};
    APS_AUTO *client = NULL;
    if (!is_id(key_id, "a key's", err) ||
        (account == NULL && !identity_read(run->settings, false, &identity, err)))
        return false;
    const bool by_email = strchr(identity.account_id, '@') != NULL;
    const char *scopes = by_email ? APS_SCOPE_KEY_WRITE " " APS_SCOPE_ACCOUNT_READ : APS_SCOPE_KEY_WRITE;
    if (!manage_begin(run, scopes, &client, err) ||
        (by_email && !find_account(client, identity.account_id, &found, err)))
        return false;
    JOURNAL_AUTO audit = {.fd = -1};
    const char *id = by_email ? found.id : identity.account_id;
    return audit_begin(&audit, run, OP_KEY_DELETE, id, key_id, err) &&
           audit_end(&audit, aps_key_delete(client, id, key_id, err), err);
}
