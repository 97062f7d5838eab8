// Making a key and deleting it. The API returns the private half only when the key is made.
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
