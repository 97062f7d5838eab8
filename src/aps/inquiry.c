// The calls that change nothing: which accounts and keys there are.
#include "aps/aps.h"

#include "aps/answer.h"
#include "aps/path.h"
#include "oauth/call.h"
#include "oauth/failure.h"

bool aps_account_list(struct oauth_client *client, struct aps_accounts *accounts, struct ssa_error *err)
{
    *accounts = (struct aps_accounts){0};
    HTTP_RESPONSE_AUTO answer = {0};
    if (!secret_new(&answer.body, OAUTH_LIST_MAX, err))
        return false;
    const struct call call = {
        .method = "GET",
        .path = "/service-accounts",
        .doing = "listing the accounts",
        .on_403 = SSA_REASON_APP_ACCESS,
    };
    if (!call_make(client, &call, &answer, false, NULL, err))
        return false;
    struct ssa_error why;
    return answer_accounts(secret_span(&answer.body), accounts, &why) ||
           failure_unusable(client, &call, &answer, why.what, err);
}

bool aps_account_get(struct oauth_client *client, const char *id, struct aps_account *account, struct ssa_error *err)
{
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    *account = (struct aps_account){0};
    if (!path_of_account(id, "", path, err) || !secret_new(&answer.body, OAUTH_ANSWER_MAX, err))
        return false;
    const struct call call = {
        .method = "GET",
        .path = path,
        .doing = "asking for the account",
        .subject = id,
        .detail = id,
        .on_403 = SSA_REASON_APP_ACCESS,
        .on_state = SSA_REASON_ACCOUNT_OFF,
        .on_missing = SSA_REASON_NO_ACCOUNT,
    };
    struct ssa_error why;
    return call_make(client, &call, &answer, false, NULL, err) &&
           (answer_detail(secret_span(&answer.body), account, &why) ||
            failure_unusable(client, &call, &answer, why.what, err));
}

bool aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys, struct ssa_error *err)
{
    *keys = (struct aps_keys){0};
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    if (!path_of_account(account, "/keys", path, err) || !secret_new(&answer.body, OAUTH_LIST_MAX, err))
        return false;
    const struct call call = {
        .method = "GET",
        .path = path,
        .doing = "listing the keys",
        .paced = true,
        .subject = account,
        .detail = account,
        .on_400 = SSA_REASON_ACCOUNT_MAYBE_OFF,
        .on_state = SSA_REASON_ACCOUNT_OFF,
        .on_missing = SSA_REASON_NO_ACCOUNT,
    };
    if (!call_make(client, &call, &answer, false, NULL, err))
        return false;
    struct ssa_error why;
    return answer_keys(secret_span(&answer.body), keys, &why) ||
           failure_unusable(client, &call, &answer, why.what, err);
}
