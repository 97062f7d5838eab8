// Finding out the limit or state that is the reason of a refusal. This takes requests, so only commands that manage
// accounts and keys do it, and only if the server did not name the reason.
#include "aps/aps.h"

#include "core/text.h"
#include "oauth/client.h"

// Whether the reason is a guess from the status. If the server named the reason, it is another one.
static bool is_guess(enum ssa_reason reason)
{
    switch (reason) {
    case SSA_REASON_NONE:
    case SSA_REASON_APP_ACCESS:
    case SSA_REASON_ACCOUNT_NAME:
    case SSA_REASON_ACCOUNT_REFUSED:
    case SSA_REASON_ACCOUNT_MAYBE_OFF:
    case SSA_REASON_KEY_REFUSED:
        return true;
    default:
        return false;
    }
}

bool aps_is_unclear(const struct ssa_error *err, unsigned long status)
{
    return err->code == SSA_REFUSED && err->domain == SSA_DOMAIN_HTTP && err->number == status && is_guess(err->reason);
}

bool aps_is_gone(const struct ssa_error *err)
{
    return err->domain == SSA_DOMAIN_HTTP && err->number == 404 && err->reason != SSA_REASON_OTHER_SERVER;
}

// Fetches an access token with a wider scope if the present one does not allow this question.
static bool may_ask(struct oauth_client *client, const char *scope)
{
    char wider[sizeof client->scopes];
    if (strstr(client->scopes, scope) != NULL)
        return true;
    return text_format(wider, sizeof wider, "%s %s", client->scopes, scope) && aps_admin(client, wider, ERROR_IGNORED);
}

static void explain_state(const struct aps_account *account, struct ssa_error *err)
{
    error_hint(err, "Account %s is %s%s.", account->id, account->status,
               strcmp(account->status, APS_DEACTIVATED) == 0 ? ": it was idle for 12 months" : "");
    error_reason(err, SSA_REASON_ACCOUNT_OFF, "%s", account->id);
}

static void explain_key_limit(struct oauth_client *client, const char *account, struct ssa_error *err)
{
    struct aps_keys keys;
    // A command that makes a key for an existing account has the scope, because it has listed the account's keys. A new
    // account has no keys.
    if (strstr(client->scopes, APS_SCOPE_KEY_READ) == NULL || !aps_key_list(client, account, &keys, ERROR_IGNORED) ||
        keys.count < APS_KEYS_ALLOWED)
        return;
    error_hint(err, "Account %s has %zu keys, the most that it may have.", account, keys.count);
    error_reason(err, SSA_REASON_KEY_LIMIT, "%s", account);
}

void aps_explain_keys(struct oauth_client *client, const char *account, bool creating, struct ssa_error *err)
{
    struct aps_account found;
    if (err->reason == SSA_REASON_KEY_LIMIT)
        error_hint(err, "Account %s has as many keys as it may have.", account);
    if (!aps_is_unclear(err, 400) && !aps_is_unclear(err, 403))
        return;
    if (!may_ask(client, APS_SCOPE_ACCOUNT_READ) || !aps_account_get(client, account, &found, ERROR_IGNORED))
        return;
    if (strcmp(found.status, APS_DISABLED) == 0 || strcmp(found.status, APS_DEACTIVATED) == 0)
        explain_state(&found, err);
    else if (creating && strcmp(found.status, APS_ENABLED) == 0)
        explain_key_limit(client, account, err);
}

void aps_explain_accounts(struct oauth_client *client, struct ssa_error *err)
{
    if (err->reason == SSA_REASON_ACCOUNT_LIMIT)
        error_hint(err, "The client id has as many accounts as it may have.");
    ACCOUNTS_AUTO *accounts = NULL;
    if (!aps_is_unclear(err, 403) || !may_ask(client, APS_SCOPE_ACCOUNT_READ) ||
        !aps_accounts_new(client, &accounts, ERROR_IGNORED))
        return;
    const size_t count = accounts->count;
    if (count >= APS_ACCOUNTS_ALLOWED) {
        error_hint(err, "The client id has %zu accounts, the most it may have.", count);
        error_reason(err, SSA_REASON_ACCOUNT_LIMIT, NULL);
    } else {
        error_hint(err, "The limit of %u accounts is not the reason: there are %zu.", APS_ACCOUNTS_ALLOWED, count);
        error_reason(err, SSA_REASON_APP_ACCESS, NULL);
    }
}
