// The calls about accounts that are there.
#include "aps/aps.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "aps/answer.h"
#include "aps/request.h"
#include "oauth/call.h"
#include "oauth/failure.h"

// A call about one account. path is that of the account, which is written before the call is made.
static struct call account_call(const char *method, const char *path, const char *id, const char *doing)
{
    return (struct call){
        .method = method,
        .path = path,
        .doing = doing,
        .subject = id,
        .detail = id,
        .on_403 = SSA_REASON_APP_ACCESS,
        .on_state = SSA_REASON_ACCOUNT_OFF,
        .on_missing = SSA_REASON_NO_ACCOUNT,
    };
}

bool aps_account_delete(struct oauth_client *client, const char *id, struct ssa_error *err)
{
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    if (!request_path(id, "", path, err) || !secret_new(&answer.body, OAUTH_ANSWER_MAX, err))
        return false;
    struct call call = account_call("DELETE", path, id, "deleting the account");
    call.deletes = true;
    call.no_answer = true;
    return call_make(client, &call, &answer, false, NULL, err);
}

void aps_accounts_free(struct aps_accounts **accounts)
{
    free(*accounts);
    *accounts = NULL;
}

bool aps_accounts_new(struct oauth_client *client, struct aps_accounts **accounts, struct ssa_error *err)
{
    HTTP_RESPONSE_AUTO answer = {0};
    *accounts = calloc(1, sizeof **accounts);
    if (*accounts == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the accounts");
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
    return answer_accounts(secret_span(&answer.body), *accounts, err) || failure_unusable(client, &call, &answer, err);
}

bool aps_account_look_up(struct oauth_client *client, const char *wanted, struct aps_account *account,
                         struct ssa_error *err)
{
    ACCOUNTS_AUTO *accounts = NULL;
    if (!aps_accounts_new(client, &accounts, err))
        return false;
    for (size_t i = 0; i < accounts->count; i++)
        if (strcmp(accounts->list[i].id, wanted) == 0 || strcasecmp(accounts->list[i].email, wanted) == 0) {
            *account = accounts->list[i];
            return true;
        }
    return error_because(err, SSA_REFUSED, SSA_REASON_ACCOUNT_UNLISTED, wanted, "the client has no such account");
}

bool aps_account_get(struct oauth_client *client, const char *id, struct aps_account *account, struct ssa_error *err)
{
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    *account = (struct aps_account){0};
    if (!request_path(id, "", path, err) || !secret_new(&answer.body, OAUTH_ANSWER_MAX, err))
        return false;
    const struct call call = account_call("GET", path, id, "asking for the account");
    return call_make(client, &call, &answer, false, NULL, err) &&
           (answer_detail(secret_span(&answer.body), account, err) || failure_unusable(client, &call, &answer, err));
}

bool aps_account_set_status(struct oauth_client *client, const char *id, const char *status,
                            struct aps_account *account, enum oauth_outcome *outcome, struct ssa_error *err)
{
    char path[CALL_PATH_MAX] = "";
    HTTP_RESPONSE_AUTO answer = {0};
    const bool enables = strcmp(status, APS_ENABLED) == 0;
    struct call call = account_call("PATCH", path, id, enables ? "enabling the account" : "disabling the account");
    *account = (struct aps_account){0};
    *outcome = OAUTH_NOT_DONE;
    return request_path(id, "", path, err) && request_patch_status(client, &call, status, &answer, outcome, err) &&
           (answer_detail(secret_span(&answer.body), account, err) || failure_unusable(client, &call, &answer, err));
}
