// The admin access token: the client's own (two-legged) one, with the scopes for accounts and keys.
#include "aps/aps.h"

#include "core/text.h"
#include "oauth/call.h"
#include "oauth/failure.h"

enum { FORM_MAX = 4096 };

bool aps_admin(struct oauth_client *client, const char *scopes, struct ssa_error *err)
{
    SECRET_AUTO form = {0};
    SECRET_AUTO bearer = {0};
    HTTP_RESPONSE_AUTO answer = {0};
    if (!secret_new(&form, FORM_MAX, err) || !secret_new(&answer.body, OAUTH_ANSWER_MAX, err) ||
        !secret_new(&bearer, OAUTH_ANSWER_MAX, err))
        return false;
    if (!http_form_append(&form, "grant_type", "client_credentials") || !http_form_append(&form, "scope", scopes))
        return error_set(err, SSA_USAGE, NULL, scopes, "the list of scopes is too long");
    const struct call call = {
        .method = "POST",
        .path = "/token",
        .doing = "fetching an admin access token",
        .subject = client->config.client_id,
        .content_type = HTTP_FORM_TYPE,
        .body = secret_span(&form),
        .as_client = true,
        .on_400 = SSA_REASON_CLIENT_KIND,
        .on_403 = SSA_REASON_APP_ACCESS,
        .on_state = SSA_REASON_CLIENT_KIND,
        .on_limit = SSA_REASON_APP_ACCESS,
    };
    if (!call_make(client, &call, &answer, false, NULL, err))
        return false;
    if (!grant_check(secret_span(&answer.body), &bearer, err))
        return failure_unusable(client, &call, &answer, err);
    secret_clear(&client->bearer);
    return (secret_append(&client->bearer, secret_span(&bearer)) &&
            text_format(client->scopes, sizeof client->scopes, "%s", scopes)) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the admin access token or its scopes are too long");
}

bool aps_act_as(struct oauth_client *client, struct span token, struct ssa_error *err)
{
    secret_clear(&client->bearer);
    client->scopes[0] = '\0';
    return secret_append(&client->bearer, token) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the access token is too long");
}
