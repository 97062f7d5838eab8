// The calls that enable and disable accounts and keys.
#include <errno.h>
#include <string.h>

#include "aps/answer.h"
#include "aps/path.h"
#include "core/json.h"
#include "oauth/call.h"
#include "oauth/failure.h"

enum { BODY_MAX = 256 };

static bool write_status(const char *status, struct secret *body, struct ssa_error *err)
{
    struct json_writer w;
    if (!secret_new(body, BODY_MAX, err))
        return false;
    if (!json_begin(&w, body, false))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a request");
    json_open(&w, JSON_OBJECT);
    json_name(&w, "status");
    json_string(&w, span_text(status));
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err);
}

static bool patch(struct oauth_client *client, struct call *call, const char *status, struct http_response *answer,
                  enum oauth_outcome *outcome, struct ssa_error *err)
{
    SECRET_AUTO body = {0};
    if (!write_status(status, &body, err) || !secret_new(&answer->body, OAUTH_ANSWER_MAX, err))
        return false;
    call->method = "PATCH";
    call->content_type = "application/json";
    call->body = secret_span(&body);
    call->on_403 = SSA_REASON_APP_ACCESS;
    call->on_state = SSA_REASON_ACCOUNT_OFF;
    const bool done = call_make(client, call, answer, false, outcome, err);
    call->body = span_of(NULL, 0);
    return done;
}

bool aps_account_set_status(struct oauth_client *client, const char *id, const char *status,
                            struct aps_account *account, enum oauth_outcome *outcome, struct ssa_error *err)
{
    char path[CALL_PATH_MAX];
    HTTP_RESPONSE_AUTO answer = {0};
    struct call call = {
        .path = path,
        .doing = strcmp(status, APS_ENABLED) == 0 ? "enabling the account" : "disabling the account",
        .subject = id,
        .detail = id,
        .on_missing = SSA_REASON_NO_ACCOUNT,
    };
    struct ssa_error why;
    *account = (struct aps_account){0};
    *outcome = OAUTH_NOT_DONE;
    return path_of_account(id, "", path, err) && patch(client, &call, status, &answer, outcome, err) &&
           (answer_detail(secret_span(&answer.body), account, &why) ||
            failure_unusable(client, &call, &answer, why.what, err));
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
    return path_of_key(account, kid, path, err) && patch(client, &call, status, &answer, outcome, err);
}
