// The calls about keys that are there.
#include "aps/aps.h"

#include "aps/answer.h"
#include "aps/request.h"
#include "oauth/call.h"
#include "oauth/failure.h"

bool aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys, struct ssa_error *err)
{
    *keys = (struct aps_keys){0};
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    if (!request_path(account, "/keys", path, err) || !secret_new(&answer.body, OAUTH_LIST_MAX, err))
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
    return answer_keys(secret_span(&answer.body), keys, err) || failure_unusable(client, &call, &answer, err);
}

bool aps_key_set_status(struct oauth_client *client, const char *account, const char *kid, const char *status,
                        enum oauth_outcome *outcome, struct ssa_error *err)
{
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    struct call call = {
        .path = path,
        .doing = strcmp(status, APS_ENABLED) == 0 ? "enabling the key" : "disabling the key",
        .subject = kid,
        .detail = account,
        .no_answer = true,
        .on_missing = SSA_REASON_NO_KEY,
    };
    *outcome = OAUTH_NOT_DONE;
    return request_key_path(account, kid, path, err) &&
           request_patch_status(client, &call, status, &answer, outcome, err);
}

const struct aps_key *aps_key_in(const struct aps_keys *keys, const char *key_id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].kid, key_id) == 0)
            return &keys->list[i];
    return NULL;
}
