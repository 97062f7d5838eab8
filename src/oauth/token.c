// The two-legged token, and what is taken out of a grant of either kind.
#include "oauth/oauth.h"

#include "core/text.h"
#include "oauth/call.h"
#include "oauth/failure.h"
#include "oauth/form.h"
#include "oauth/grant.h"

enum { FORM_MAX = 4096 };

bool aps_admin(struct aps *client, const char *scopes, struct ssa_error *err)
{
    SECRET_AUTO form = {0};
    SECRET_AUTO bearer = {0};
    HTTP_RESPONSE_AUTO answer = {0};
    if (!secret_new(&form, FORM_MAX, err) || !secret_new(&answer.body, APS_ANSWER_MAX, err) ||
        !secret_new(&bearer, APS_ANSWER_MAX, err))
        return false;
    if (!form_append(&form, "grant_type", "client_credentials") || !form_append(&form, "scope", scopes))
        return error_set(err, SSA_USAGE, NULL, scopes, "is too long a list of scopes");
    const struct call call = {
        .method = "POST",
        .path = "/token",
        .doing = "fetching an admin token",
        .subject = client->config.client_id,
        .content_type = FORM_TYPE,
        .body = secret_span(&form),
        .as_client = true,
        .hint_400 =
            "The app may not be of a kind that has service accounts: see its settings in the APS portal.",
        .hint_403 =
            "The app must be allowed to manage service accounts: check its API access in the APS portal.",
    };
    if (!call_make(client, &call, &answer, false, NULL, err))
        return false;
    struct ssa_error why;
    if (!answer_grant(secret_span(&answer.body), &bearer, &why))
        return failure_unusable(client, &call, &answer, why.what, err);
    secret_clear(&client->bearer);
    return (secret_append(&client->bearer, secret_span(&bearer)) &&
            text_format(client->scopes, sizeof client->scopes, "%s", scopes)) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the admin token or its scopes are too long");
}

bool aps_grant_token(struct span answer, struct secret *token, struct ssa_error *err)
{
    struct ssa_error why;
    return answer_grant(answer, token, &why) ||
           error_set(err, SSA_NETWORK, NULL, NULL, "the answer is no usable grant: %s", why.what);
}
