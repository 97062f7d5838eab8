// Which limit or state a refusal comes from. Where the server did not name it, it is asked for, but only by
// commands that manage accounts and keys.
#include "aps/explain.h"

#include <string.h>

#include "core/text.h"
#include "oauth/client.h"
#include "oauth/hints.h"

static bool was_refused(const struct ssa_error *err)
{
    return err != NULL && (strcmp(err->cause, "HTTP 400") == 0 || strcmp(err->cause, "HTTP 403") == 0);
}

bool aps_reason_is_told(const struct aps *client)
{
    return client->reason != REASON_NONE && client->reason != REASON_REQUEST;
}

// The token in use may not have been meant for questions.
static bool may_ask(struct aps *client, const char *scope)
{
    char wider[sizeof client->scopes];
    if (strstr(client->scopes, scope) != NULL)
        return true;
    return text_format(wider, sizeof wider, "%s %s", client->scopes, scope) && aps_admin(client, wider, NULL);
}

static void explain_status(const struct aps_account *account, struct ssa_error *err)
{
    if (strcmp(account->status, APS_DEACTIVATED) == 0)
        error_hint(err,
                   "Account %s is DEACTIVATED: it was idle for 12 months. Until `ssa-hsm account enable %s` "
                   "wakes it, its keys cannot be managed and no tokens fetched.",
                   account->id, account->id);
    else if (strcmp(account->status, APS_DISABLED) == 0)
        error_hint(err,
                   "Account %s is DISABLED: until `ssa-hsm account enable %s`, its keys cannot be managed "
                   "and no tokens fetched.",
                   account->id, account->id);
}

static void explain_key_limit(struct aps *client, const char *account, struct ssa_error *err)
{
    struct aps_keys keys;
    // Who makes a key for an older account has listed its keys before; a new account has none.
    if (strstr(client->scopes, APS_SCOPE_KEY_READ) == NULL || !aps_key_list(client, account, &keys, NULL) ||
        keys.count < APS_KEYS_ALLOWED)
        return;
    error_hint(err,
               "Account %s has %zu keys, the most that an account may have: `ssa-hsm key list --account %s` "
               "shows which one is not used, `ssa-hsm key delete KEY_ID --account %s` makes room.",
               account, keys.count, account, account);
}

// The limit was named as the reason.
static void tell_key_limit(const char *account, struct ssa_error *err)
{
    error_hint(
        err,
        "Account %s has as many keys as it may have: `ssa-hsm key list --account %s` shows which one is "
        "not used, `ssa-hsm key delete KEY_ID --account %s` makes room.",
        account, account, account);
}

static void tell_state(const char *account, struct ssa_error *err)
{
    error_hint(
        err,
        "Account %s is not enabled: until `ssa-hsm account enable %s`, its keys cannot be managed and no "
        "tokens fetched.",
        account, account);
}

void aps_explain_keys(struct aps *client, const char *account, bool creating, struct ssa_error *err)
{
    struct aps_account found;
    if (was_refused(err) && creating && client->reason == REASON_LIMIT)
        tell_key_limit(account, err);
    if (was_refused(err) && client->reason == REASON_STATE)
        tell_state(account, err);
    if (!was_refused(err) || aps_reason_is_told(client) || !may_ask(client, APS_SCOPE_ACCOUNT_READ) ||
        !aps_account_get(client, account, &found, NULL))
        return;
    if (strcmp(found.status, APS_ENABLED) != 0)
        explain_status(&found, err);
    else if (creating)
        explain_key_limit(client, account, err);
}

void explain_account_limit(struct aps *client, struct ssa_error *err)
{
    struct aps_accounts accounts;
    if (was_refused(err) && client->reason == REASON_LIMIT)
        error_hint(err,
                   "The client id has as many accounts as it may have: `ssa-hsm account list` shows which "
                   "one is not used, `ssa-hsm account delete ID` makes room.");
    if (!was_refused(err) || aps_reason_is_told(client) || strcmp(err->cause, "HTTP 403") != 0 ||
        !may_ask(client, APS_SCOPE_ACCOUNT_READ) || !aps_account_list(client, &accounts, NULL))
        return;
    if (accounts.count >= APS_ACCOUNTS_ALLOWED)
        error_hint(err,
                   "The client id has %zu accounts, the most it may have: `ssa-hsm account list` shows which "
                   "one is not used, `ssa-hsm account delete ID` makes room.",
                   accounts.count);
    else
        error_hint(err, "It is not the limit of %u accounts, there are %zu: " HINT_SCOPES,
                   APS_ACCOUNTS_ALLOWED, accounts.count);
}
