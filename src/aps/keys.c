// The calls about keys. The API returns the private half of a key only when it is made.
#include "aps/aps.h"

#include "aps/answer.h"
#include "aps/request.h"
#include "oauth/call.h"
#include "oauth/failure.h"

bool aps_key_create(struct oauth_client *client, const char *account, char kid[static API_ID_MAX], struct secret *pem,
                    enum oauth_outcome *outcome, struct ssa_error *err)
{
    *outcome = OAUTH_NOT_DONE;
    memset(kid, 0, API_ID_MAX);
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    if (!request_path(account, "/keys", path, err) || !secret_new(&answer.body, OAUTH_ANSWER_MAX, err) ||
        !secret_must_be_locked(&answer.body, err))
        return false;
    const struct call call = {
        .method = "POST",
        .path = path,
        .doing = "making a key",
        .subject = account,
        .detail = account,
        .creates = true,
        .on_400 = SSA_REASON_ACCOUNT_MAYBE_OFF,
        .on_403 = SSA_REASON_KEY_REFUSED,
        .on_state = SSA_REASON_ACCOUNT_OFF,
        .on_missing = SSA_REASON_NO_ACCOUNT,
        .on_limit = SSA_REASON_KEY_LIMIT,
    };
    bool ok = call_make(client, &call, &answer, false, outcome, err);
    if (ok) {
        ok = answer_key(secret_span(&answer.body), kid, pem, err);
        // No error may quote this body.
        secret_free(&answer.body);
        ok = ok || failure_unusable(client, &call, &answer, err);
    } else if (*outcome == OAUTH_DONE && !answer_key(secret_span(&answer.body), kid, NULL, ERROR_IGNORED)) {
        kid[0] = '\0';
    }
    // libcurl and OpenSSL read the key through buffers that live as long as the connection. Closing it frees them, and
    // free wipes. The next call then needs a handshake.
    client_hang_up(client);
    // The import that follows may wait for a person. Until then, nothing of the key may stay on the stack.
    secret_wipe_stack();
    if (!ok && *outcome == OAUTH_NOT_DONE)
        aps_explain_keys(client, account, true, err);
    return ok;
}

bool aps_key_delete(struct oauth_client *client, const char *account, const char *kid, struct ssa_error *err)
{
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    if (!request_key_path(account, kid, path, err) || !secret_new(&answer.body, OAUTH_ANSWER_MAX, err))
        return false;
    const struct call call = {
        .method = "DELETE",
        .path = path,
        .doing = "deleting the key",
        .subject = kid,
        .detail = account,
        .deletes = true,
        .no_answer = true,
        .on_400 = SSA_REASON_ACCOUNT_MAYBE_OFF,
        .on_state = SSA_REASON_ACCOUNT_OFF,
        .on_missing = SSA_REASON_NO_KEY,
    };
    if (call_make(client, &call, &answer, false, NULL, err))
        return true;
    aps_explain_keys(client, account, false, err);
    return false;
}

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
