#include "aps/request.h"

#include <errno.h>

#include "core/api.h"
#include "core/text.h"

enum { BODY_MAX = 4096 };

static bool check_id(const char *kind, const char *id, struct ssa_error *err)
{
    if (api_is_id(id))
        return true;
    error_set(err, SSA_USAGE, NULL, id, "is not a valid %s id", kind);
    return error_hint(err, "An id consists of letters, digits, dots, dashes and underscores.");
}

// All characters of an id are unreserved (RFC 3986 section 2.3), so nothing is escaped.
bool request_path(const char *account, const char *rest, char path[static CALL_PATH_MAX], struct ssa_error *err)
{
    return check_id("account", account, err) &&
           (text_format(path, CALL_PATH_MAX, "/service-accounts/%s%s", account, rest) ||
            error_set(err, SSA_USAGE, NULL, account, "is too long for an account id"));
}

bool request_key_path(const char *account, const char *kid, char path[static CALL_PATH_MAX], struct ssa_error *err)
{
    char rest[sizeof "/keys/" + API_ID_MAX];
    return check_id("key", kid, err) &&
           (text_format(rest, sizeof rest, "/keys/%s", kid) ||
            error_set(err, SSA_USAGE, NULL, kid, "is too long for a key id")) &&
           request_path(account, rest, path, err);
}

bool request_body_begin(struct json_writer *w, struct secret *body, size_t capacity, struct ssa_error *err)
{
    if (!secret_new(body, capacity, err))
        return false;
    if (!json_begin(w, body, false))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a request");
    json_open(w, JSON_OBJECT);
    return true;
}

bool request_body(const struct request_member *members, size_t count, struct secret *body, struct ssa_error *err)
{
    struct json_writer w;
    if (!request_body_begin(&w, body, BODY_MAX, err))
        return false;
    for (size_t i = 0; i < count; i++)
        member_text(&w, members[i].name, members[i].value);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err);
}

bool request_patch_status(struct oauth_client *client, struct call *call, const char *status,
                          struct http_response *answer, enum oauth_outcome *outcome, struct ssa_error *err)
{
    SECRET_AUTO body = {0};
    const struct request_member member = {"status", status};
    if (!request_body(&member, 1, &body, err) || !secret_new(&answer->body, OAUTH_ANSWER_MAX, err))
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
