// A token's way out: claims, one login, one signature, one request.
#include <time.h>

#include "signer/access_token.h"

#include "config/reference.h"
#include "core/base64.h"
#include "core/json.h"
#include "core/result.h"
#include "core/tell.h"
#include "hsm/key/sign.h"
#include "hsm/login/login.h"
#include "oauth/jwt.h"
#include "oauth/scope.h"
#include "signer/api_client.h"
#include "signer/failover.h"
#include "signer/open_token.h"

enum {
    LIFETIME_MAX = 300,
    GRANT_MAX = 64 * 1024,
    INDENTED_MAX = 2 * GRANT_MAX,
    USUAL_SIGNATURE_BYTES = 2048 / 8
};

// What an assertion is made of. The times are filled in when it is signed, since a person may take minutes
// over a PIN.
struct plan {
    const struct ssa_run *run;
    struct identity identity;
    struct jwt_claims claims;
    unsigned lifetime;
    bool not_before;
    char scope[SCOPE_MAX];
};

static bool plan_scope(struct plan *plan, const struct ssa_run *run, const char *scope, struct ssa_error *err)
{
    const struct ssa_settings *s = run->settings;
    const char *audience = settings_get(s, SET_AUDIENCE, NULL);
    if (scope == NULL)
        scope = settings_get(s, SET_SCOPE, NULL);
    plan->run = run;
    plan->claims.audience = audience != NULL ? audience : APS_AUDIENCE;
    plan->claims.scope = plan->scope;
    return scope_normalise(scope != NULL ? scope : SCOPE_DEFAULT, plan->scope, &run->callbacks, err);
}

static bool plan_claims(struct plan *plan, const struct ssa_run *run, const struct ssa_token_request *request,
                        struct ssa_error *err)
{
    *plan = (struct plan){.lifetime = request->lifetime == 0 ? LIFETIME_MAX : request->lifetime,
                          .not_before = request->not_before};
    if (plan->lifetime > LIFETIME_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "an assertion lives 1 to %d seconds", LIFETIME_MAX);
    if (!plan_scope(plan, run, request->scope, err) || !api_client_id(run, &plan->claims.issuer, err) ||
        !identity_read(run->settings, true, &plan->identity, err))
        return false;
    plan->claims.kid = plan->identity.key_id;
    plan->claims.subject = plan->identity.account_id;
    return true;
}

static void set_times(struct plan *plan)
{
    const time_t now = time(NULL);
    plan->claims.expires = now + plan->lifetime;
    plan->claims.not_before = plan->not_before ? now : 0;
}

static bool signing_input(struct plan *plan, struct secret *out, struct ssa_error *err)
{
    set_times(plan);
    secret_clear(out);
    return jwt_signing_input(&plan->claims, out, err);
}

bool ssa_claims(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *json,
                struct ssa_error *err)
{
    struct plan plan;
    SECRET_AUTO out = {0};
    if (!plan_claims(&plan, run, request, err) || !secret_new(&out, ASSERTION_MAX, err))
        return false;
    set_times(&plan);
    return jwt_describe(&plan.claims, &out, err) && text_take(json, &out, err);
}

// A person who wants to stop wants no signature, no request, and no token on the screen.
static bool assertion_begin(struct plan *plan, struct secret *assertion, struct secret *signature,
                            struct ssa_error *err)
{
    return signing_input(plan, assertion, err) && secret_new(signature, RSA_BYTES_MAX, err) &&
           go_on(&plan->run->callbacks, err);
}

static bool assertion_end(const struct plan *plan, struct secret *assertion, const struct secret *signature,
                          struct ssa_error *err)
{
    return jwt_add_signature(assertion, secret_span(signature), err) && go_on(&plan->run->callbacks, err);
}

// Signs with the token that is logged in.
static bool make_assertion(struct plan *plan, struct token *token, const struct uri *uri,
                           struct secret *assertion, struct ssa_error *err)
{
    SECRET_AUTO signature = {0};
    return assertion_begin(plan, assertion, &signature, err) &&
           key_find_and_sign(token, uri, secret_span(assertion), &signature, err) &&
           assertion_end(plan, assertion, &signature, err);
}

// Opens the token, logs in, signs, logs out. A client secret that lies on it is read in between, one on
// another token before: NULL where none is wanted.
static bool sign_in_token(struct plan *plan, struct pin_policy *policy, const struct uri *uri,
                          struct client_secret *secret, struct secret *assertion, struct ssa_error *err)
{
    const struct ssa_run *run = plan->run;
    TOKEN_AUTO *token = NULL;
    const struct pin_giver giver = pin_giver_of(policy);
    if (!token_of_uri(run, uri, &token, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "token: %s", token_info(token)->uri);
    const bool late = secret != NULL && client_secret_is_late(secret);
    const bool elsewhere = late && !token_matches(token, secret->uri);
    return (!elsewhere || client_secret_complete(run, secret, token, policy->tries, err)) &&
           token_login(token, false, &giver, err) &&
           (!late || client_secret_complete(run, secret, token, policy->tries, err)) &&
           make_assertion(plan, token, uri, assertion, err);
}

static void warn_if_unlocked(const struct ssa_run *run, const struct secret *secret)
{
    if (!secret->locked)
        tell(&run->callbacks, SSA_WARNING,
             "memory cannot be locked, so secrets could be written to swap: raise `ulimit -l` to 8192");
}

struct signing {
    const struct ssa_token_request *request;
    struct secret out;
};

static bool sign_once(void *context, const struct ssa_run *run, struct pin_tries *pins, struct ssa_error *err)
{
    struct signing *signing = context;
    struct plan plan;
    struct pin_policy policy;
    URI_AUTO *uri = NULL;
    if (!plan_claims(&plan, run, signing->request, err) || !uri_parse(plan.identity.private_key, &uri, err) ||
        !pin_policy_init(&policy, run, uri, err))
        return false;
    policy.tries = pins;
    return sign_in_token(&plan, &policy, uri, NULL, &signing->out, err);
}

bool ssa_sign(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_text *assertion,
              struct ssa_error *err)
{
    struct signing signing = {.request = request};
    bool done = secret_new(&signing.out, ASSERTION_MAX, err);
    if (done)
        warn_if_unlocked(run, &signing.out);
    done = done && with_failover(run, sign_once, &signing, err) && text_take(assertion, &signing.out, err);
    secret_free(&signing.out);
    return done;
}

// The connection is begun once no person is waited for any more: a server closes one that stays idle.
struct opening {
    struct aps *client;
    struct aps_exchange *exchange;
    size_t assertion_len;
    const char *scope;
    struct ssa_error err;
};

static void begin_exchange(void *context)
{
    struct opening *o = context;
    if (o->exchange == NULL &&
        !aps_exchange_begin(o->client, o->assertion_len, o->scope, &o->exchange, &o->err))
        o->exchange = NULL;
}

static void explain_refusal(const struct plan *plan, struct ssa_error *err)
{
    const char *other = identity_shadowed_key_id(plan->run->settings);
    if (err->code != SSA_REFUSED || plan->identity.source != FROM_ENVIRONMENT || other == NULL)
        return;
    error_hint(
        err,
        "The environment's KEY_ID %s went before the profile's %s (%s): a shell that still has an old block "
        "sourced? Unset the four names, or name the profile with --profile.",
        plan->identity.key_id, other, settings_profile_path(plan->run->settings));
}

static bool take_grant(struct secret *answer, struct ssa_grant *grant, struct ssa_error *err)
{
    SECRET_AUTO token = {0};
    SECRET_AUTO json = {0};
    // Indented by two it grows by a few characters a member.
    return secret_new(&token, GRANT_MAX, err) && secret_new(&json, INDENTED_MAX, err) &&
           aps_grant_token(secret_span(answer), &token, err) &&
           json_indent(secret_span(answer), &json, err) && text_take(&grant->token, &token, err) &&
           text_take(&grant->json, &json, err);
}

// What the tries with several profiles share.
struct fetch {
    const struct ssa_token_request *request;
    struct secret assertion, answer;
    // The client secret, and what it was read by: a person types it once, a descriptor can be read once.
    struct client_secret secret;
    const char *client_id, *secret_setting;
};

static void fetch_end(struct fetch *fetch)
{
    secret_free(&fetch->assertion);
    secret_free(&fetch->answer);
    client_secret_free(&fetch->secret);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool need_client_secret(struct fetch *fetch, const struct ssa_run *run, const char *client_id,
                               struct ssa_error *err)
{
    const char *setting = settings_get(run->settings, SET_CLIENT_SECRET, NULL);
    if (fetch->secret.text.data != NULL && same(fetch->client_id, client_id) &&
        same(fetch->secret_setting, setting))
        return true;
    client_secret_free(&fetch->secret);
    fetch->client_id = client_id;
    fetch->secret_setting = setting;
    return client_secret_begin(run, &fetch->secret, err);
}

// With a token that failed, what was begun at the API is given up.
static bool sign_and_exchange(struct fetch *fetch, struct plan *plan, struct pin_policy *policy,
                              const struct uri *uri, struct opening *opening, struct ssa_error *err)
{
    const bool late = client_secret_is_late(&fetch->secret);
    // A person at a pinentry takes a while, like one at a terminal, and another token than the key's has a
    // PIN of its own.
    if (!late && policy->source != NULL && reference_kind(policy->source) != REFERENCE_PINENTRY &&
        !token_of_uri_needs_search(plan->run, uri))
        begin_exchange(opening);
    const bool is_signed = sign_in_token(plan, policy, uri, &fetch->secret, &fetch->assertion, err) &&
                           (!late || aps_know_secret(opening->client, secret_span(&fetch->secret.text), err));
    // A token that asks for no login never called for the exchange.
    if (is_signed)
        begin_exchange(opening);
    if (opening->exchange == NULL) {
        if (is_signed)
            *err = opening->err;
        return false;
    }
    const bool answered = aps_exchange_finish(opening->exchange, is_signed ? &fetch->assertion : NULL,
                                              plan->lifetime, &fetch->answer, is_signed ? err : NULL);
    if (is_signed && !answered)
        explain_refusal(plan, err);
    return is_signed && answered;
}

static bool fetch_once(void *context, const struct ssa_run *run, struct pin_tries *pins,
                       struct ssa_error *err)
{
    struct fetch *fetch = context;
    struct plan plan;
    struct pin_policy policy;
    URI_AUTO *uri = NULL;
    APS_AUTO *client = NULL;
    if (!plan_claims(&plan, run, fetch->request, err) || !uri_parse(plan.identity.private_key, &uri, err) ||
        !pin_policy_init(&policy, run, uri, err) ||
        !need_client_secret(fetch, run, plan.claims.issuer, err) ||
        !api_client_open(run, &fetch->secret, &client, err) || !signing_input(&plan, &fetch->assertion, err))
        return false;
    struct opening opening = {.client = client,
                              .assertion_len =
                                  fetch->assertion.len + 1 + BASE64URL_LENGTH(USUAL_SIGNATURE_BYTES),
                              .scope = plan.scope};
    policy.tries = pins;
    policy.ready = begin_exchange;
    policy.ready_context = &opening;
    return sign_and_exchange(fetch, &plan, &policy, uri, &opening, err);
}

bool ssa_fetch(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_grant *grant,
               struct ssa_error *err)
{
    __attribute__((cleanup(fetch_end))) struct fetch fetch = {.request = request};
    *grant = (struct ssa_grant){0};
    if (!secret_new(&fetch.assertion, ASSERTION_MAX, err) || !secret_new(&fetch.answer, GRANT_MAX, err))
        return false;
    warn_if_unlocked(run, &fetch.assertion);
    return with_failover(run, fetch_once, &fetch, err) && go_on(&run->callbacks, err) &&
           take_grant(&fetch.answer, grant, err);
}

bool access_token_try(const struct ssa_run *run, struct aps *client, const struct access_token_key *proof,
                      struct token *token, const struct key *key, struct ssa_error *err)
{
    struct plan plan = {.lifetime = LIFETIME_MAX,
                        .claims = {.issuer = proof->client_id, .subject = proof->account, .kid = proof->kid}};
    struct aps_exchange *exchange = NULL;
    SECRET_AUTO assertion = {0};
    SECRET_AUTO signature = {0};
    SECRET_AUTO answer = {0};
    return plan_scope(&plan, run, NULL, err) && secret_new(&assertion, ASSERTION_MAX, err) &&
           secret_new(&answer, GRANT_MAX, err) && assertion_begin(&plan, &assertion, &signature, err) &&
           key_sign(token, key, secret_span(&assertion), &signature, err) &&
           assertion_end(&plan, &assertion, &signature, err) &&
           aps_exchange_begin(client, assertion.len, plan.scope, &exchange, err) &&
           aps_exchange_finish(exchange, &assertion, plan.lifetime, &answer, err);
}
