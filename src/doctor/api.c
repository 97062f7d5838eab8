// Client id and secret, the account and its key at the API: three requests with credentials.
#include "aps/aps.h"
#include "core/text.h"
#include "doctor/examination.h"
#include "signer/client_secret.h"

static const char scopes[] = APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;
static const char check_account[] = "api-account", check_api_key[] = "api-key";

static const char *const checks[] = {CHECK_CREDENTIALS, check_account, check_api_key};

// What must be right before the API can be asked; NULL for nothing.
static const char *missing(const struct examination *x)
{
    static const char *const needed[] = {CHECK_SETTINGS, CHECK_CLIENT_ID, CHECK_SECRET, "base-url", "ca",
                                         "proxy",        "dns",           "connection", "tls"};
    for (size_t i = 0; i < COUNT(needed); i++)
        if (!findings_passed(&x->found, needed[i]))
            return needed[i];
    return NULL;
}

static void skip_from(struct examination *x, size_t first, const char *after)
{
    for (size_t i = first; i < COUNT(checks); i++)
        finding_skipped(&x->found, checks[i], after);
}

// A secret on a PKCS#11 token is read from the one that is open, or from its own.
static bool read_secret(struct examination *x, struct client_secret *secret, struct ssa_error *err)
{
    struct ssa_run run = x->run;
    // A person who wants to know what is wrong is not asked for what is missing.
    if (settings_get(run.settings, SET_CLIENT_SECRET, NULL) == NULL)
        run.callbacks.ask_secret = NULL;
    return client_secret_begin(&run, secret, err) &&
           client_secret_complete(&run, secret, x->logged_in ? x->at.token : NULL, &x->tries, err);
}

static bool open_client(struct examination *x, struct oauth_client **client, struct ssa_error *err)
{
    CLIENT_SECRET_AUTO secret = {0};
    if (!read_secret(x, &secret, err) || !api_client_open(&x->run, &secret, client, err))
        return false;
    return aps_admin(*client, scopes, err);
}

static bool examine_account(struct examination *x, struct oauth_client *client)
{
    struct aps_account account = {0};
    struct ssa_error why = {0};
    if (!aps_account_get(client, x->identity.account_id, &account, &why)) {
        finding_failure(&x->found, check_account, &why);
        return false;
    }
    if (strcmp(account.status, APS_ENABLED) == 0) {
        finding_ok(&x->found, check_account, NULL, "%s is %s", account.email, account.status);
        return true;
    }
    error_set(&why, SSA_REFUSED, NULL, x->identity.account_id, "the account is %s", account.status);
    error_reason(&why, SSA_REASON_ACCOUNT_OFF, "%s", x->identity.account_id);
    finding_failure(&x->found, check_account, &why);
    return false;
}

static void examine_key(struct examination *x, struct oauth_client *client)
{
    struct aps_keys keys;
    struct ssa_error why = {0};
    const char *kid = x->identity.key_id;
    if (!aps_key_list(client, x->identity.account_id, &keys, &why)) {
        finding_failure(&x->found, check_api_key, &why);
        return;
    }
    const struct aps_key *key = aps_key_in(&keys, kid);
    if (key != NULL && strcmp(key->status, APS_ENABLED) == 0) {
        finding_ok(&x->found, check_api_key, NULL, "%s is %s, one of %zu", kid, key->status, keys.count);
        return;
    }
    if (key == NULL) {
        error_because(&why, SSA_REFUSED, SSA_REASON_KEY_NOT_AT_API, kid, "the account has no such key");
    } else {
        error_set(&why, SSA_REFUSED, NULL, kid, "the key is %s", key->status);
        error_reason(&why, SSA_REASON_KEY_OFF, "%s", kid);
    }
    finding_failure(&x->found, check_api_key, &why);
}

static void ask(struct examination *x, struct oauth_client **client)
{
    struct ssa_error why = {0};
    if (!open_client(x, client, &why)) {
        finding_failure(&x->found, CHECK_CREDENTIALS, &why);
        skip_from(x, 1, CHECK_CREDENTIALS);
        return;
    }
    finding_ok(&x->found, CHECK_CREDENTIALS, NULL, "the API accepts client id and secret");
    if (!x->has_identity)
        skip_from(x, 1, CHECK_IDENTITY);
    else if (!examine_account(x, *client))
        skip_from(x, 2, check_account);
    else
        examine_key(x, *client);
}

static OWN_FRAME void examine(struct examination *x)
{
    APS_AUTO *client = NULL;
    ask(x, &client);
    if (client != NULL)
        x->requests = oauth_requests(client);
}

void check_api(struct examination *x)
{
    const char *after = missing(x);
    const bool on_token = x->has_settings && client_secret_is_on_token(x->run.settings);
    if (!x->wanted->ask_api) {
        finding_left_out(&x->found, checks[0], SSA_REASON_API_NOT_ASKED, NULL, "the API was not asked");
        for (size_t i = 1; i < COUNT(checks); i++)
            finding_left_out(&x->found, checks[i], SSA_REASON_NONE, NULL, "the API was not asked");
    } else if (after != NULL) {
        skip_from(x, 0, after);
    } else if (on_token && !x->wanted->login && !x->wanted->sign) {
        finding_left_out(&x->found, checks[0], SSA_REASON_SECRET_NEEDS_LOGIN, NULL,
                         "the client secret is on a PKCS#11 token, and can be read only after a login");
        skip_from(x, 1, CHECK_CREDENTIALS);
    } else {
        examine(x);
    }
}
