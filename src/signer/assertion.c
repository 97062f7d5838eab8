#include <time.h>

#include "signer/assertion.h"

#include "core/callback.h"
#include "core/result.h"
#include "hsm/key/sign.h"
#include "signer/client_secret.h"
#include "signer/failover.h"

bool assertion_prepare_scope(struct assertion *a, const struct ssa_run *run, const char *scope, struct ssa_error *err)
{
    if (scope == NULL)
        scope = settings_or_default(run->settings, SET_SCOPE);
    a->run = run;
    a->lifetime = ASSERTION_LIFETIME_MAX;
    a->claims.audience = settings_or_default(run->settings, SET_AUDIENCE);
    a->claims.scope = a->scope;
    return scope_normalise(scope, a->scope, &run->callbacks, err);
}

bool assertion_prepare(struct assertion *a, const struct ssa_run *run, const struct ssa_token_request *request,
                       struct ssa_error *err)
{
    *a = (struct assertion){.not_before = request->not_before};
    if (request->lifetime > ASSERTION_LIFETIME_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "an assertion lives 1 to %d seconds", ASSERTION_LIFETIME_MAX);
    if (!assertion_prepare_scope(a, run, request->scope, err))
        return false;
    // Where nothing is set up, that is said, and not only that a client id is missing.
    if (!identity_read(run->settings, true, &a->identity, err))
        return false;
    if (!client_id_read(run, &a->claims.issuer, err))
        return false;
    if (request->lifetime > 0)
        a->lifetime = request->lifetime;
    a->claims.kid = a->identity.key_id;
    a->claims.subject = a->identity.account_id;
    return true;
}

bool assertion_new(const struct ssa_run *run, struct secret *out, struct ssa_error *err)
{
    if (!secret_new(out, ASSERTION_MAX, err))
        return false;
    if (!out->locked)
        tell_reason(&run->callbacks, SSA_WARNING, SSA_REASON_LOCKS_TOO_FEW, "",
                    "memory cannot be locked, so secrets could be written to swap");
    return true;
}

static void set_times(struct assertion *a)
{
    const time_t now = time(NULL);
    a->claims.expires = now + a->lifetime;
    a->claims.not_before = a->not_before ? now : 0;
}

bool assertion_input(struct assertion *a, struct secret *out, struct ssa_error *err)
{
    set_times(a);
    secret_clear(out);
    return jwt_signing_input(&a->claims, out, err);
}

bool assertion_sign(struct assertion *a, struct token *token, const struct uri *uri, const struct key *key,
                    struct secret *out, struct ssa_error *err)
{
    SECRET_AUTO signature = {0};
    if (!assertion_input(a, out, err) || !secret_new(&signature, RSA_BYTES_MAX, err))
        return false;
    if (!callback_go_on(&a->run->callbacks, err))
        return false;
    const bool done = key != NULL ? key_sign(token, key, secret_span(out), &signature, err)
                                  : key_find_and_sign(token, uri, secret_span(out), &signature, err);
    if (!done || !jwt_add_signature(out, secret_span(&signature), err))
        return false;
    return callback_go_on(&a->run->callbacks, err);
}

bool ssa_claims(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *json,
                struct ssa_error *err)
{
    struct assertion a;
    SECRET_AUTO out = {0};
    err = ERROR_OR_IGNORED(err);
    if (!assertion_prepare(&a, run, request, err) || !secret_new(&out, ASSERTION_MAX, err))
        return false;
    set_times(&a);
    return jwt_describe(&a.claims, &out, err) && result_take(json, &out, err);
}

struct signing {
    const struct ssa_token_request *request;
    struct secret out;
};

static bool sign_once(void *context, const struct ssa_run *run, struct pin_tries *pins, struct ssa_error *err)
{
    struct signing *signing = context;
    struct assertion a;
    OPEN_TOKEN_AUTO at = {.pin = {.tries = pins}};
    if (!assertion_prepare(&a, run, signing->request, err))
        return false;
    if (!open_token_prepare(run, a.identity.private_key, &at, err))
        return false;
    if (!open_token_find(run, &at, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "token: %s", token_info(at.token)->uri);
    if (!open_token_login(&at, false, err))
        return false;
    return assertion_sign(&a, at.token, at.uri, NULL, &signing->out, err);
}

bool ssa_sign(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *assertion,
              struct ssa_error *err)
{
    struct signing signing = {.request = request};
    err = ERROR_OR_IGNORED(err);
    const bool done = assertion_new(run, &signing.out, err) && with_failover(run, sign_once, &signing, err) &&
                      result_take(assertion, &signing.out, err);
    secret_free(&signing.out);
    return done;
}
