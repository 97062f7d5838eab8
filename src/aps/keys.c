// The calls that make and delete keys. What makes one hands out its private half, once.
#include "aps/aps.h"

#include <string.h>

#include "aps/answer.h"
#include "aps/path.h"
#include "oauth/call.h"
#include "oauth/failure.h"
#include "oauth/hints.h"

static bool read_created(struct aps *client, const struct call *call, struct http_response *answer, char *kid,
                         struct secret *pem, struct ssa_error *err)
{
    struct ssa_error why;
    const bool ok = answer_key(secret_span(&answer->body), kid, pem, &why);
    secret_free(&answer->body);
    return ok || failure_unusable(client, call, answer, why.what, err);
}

bool aps_key_create(struct aps *client, const char *account, char kid[static APS_ID_MAX], struct secret *pem,
                    enum aps_outcome *outcome, struct ssa_error *err)
{
    *outcome = APS_NOT_DONE;
    memset(kid, 0, APS_ID_MAX);
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    if (!path_of_account(account, "/keys", path, err) || !secret_new(&answer.body, APS_ANSWER_MAX, err) ||
        !secret_must_be_locked(&answer.body, err))
        return false;
    const struct call call = {
        .method = "POST",
        .path = path,
        .doing = "making a key",
        .subject = account,
        .creates = true,
        .hint_400 = HINT_DISABLED,
        .hint_403 =
            "An account may have 3 keys at most, and none while it is disabled: `ssa-hsm account show` "
            "and `ssa-hsm key list` tell, `ssa-hsm key delete KEY_ID` makes room.",
        .hint_404 = HINT_NO_ACCOUNT,
    };
    bool ok = call_make(client, &call, &answer, false, outcome, err);
    if (ok)
        ok = read_created(client, &call, &answer, kid, pem, err);
    else if (*outcome == APS_DONE && !answer_key(secret_span(&answer.body), kid, NULL, NULL))
        kid[0] = '\0';
    // libcurl and OpenSSL read the key through buffers that live as long as the connection; closing it gives
    // them back, to a free that wipes. The next call's handshake is the price.
    client_hang_up(client);
    // The import that follows may wait for a person; the frames that the key went through need not.
    wipe_stack_and_registers();
    if (!ok && *outcome == APS_NOT_DONE)
        aps_explain_keys(client, account, true, err);
    return ok;
}

bool aps_key_delete(struct aps *client, const char *account, const char *kid, struct ssa_error *err)
{
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    if (!path_of_key(account, kid, path, err) || !secret_new(&answer.body, APS_ANSWER_MAX, err))
        return false;
    const struct call call = {
        .method = "DELETE",
        .path = path,
        .doing = "deleting the key",
        .subject = kid,
        .deletes = true,
        .no_answer = true,
        .hint_400 = HINT_DISABLED,
        .hint_404 = HINT_NO_KEY,
    };
    if (call_make(client, &call, &answer, false, NULL, err))
        return true;
    aps_explain_keys(client, account, false, err);
    return false;
}
