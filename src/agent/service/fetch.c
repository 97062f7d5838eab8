// One fetch: the connection is made while the PKCS#11 token signs, and then the assertion is exchanged.
#include "agent/service/service_own.h"
#include "core/base64.h"
#include "core/boot_clock.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "oauth/grant.h"
#include "oauth/jwt.h"
#include "oauth/oauth.h"
#include "signer/assertion.h"

enum {
    GRANT_MAX = 64 * 1024,
    USUAL_SIGNATURE_BYTES = 2048 / 8,
    ASSERTION_KEPT_MS = (ASSERTION_LIFETIME_MAX - 60) * 1000 // it must still be valid when it arrives
};

static bool open_client(const struct profile *p, struct oauth_client **client, struct ssa_error *err)
{
    const struct ssa_settings *s = p->settings;
    const struct oauth_config config = {.base_url = settings_base_url(s),
                                        .client_id = settings_get(s, SET_CLIENT_ID, NULL),
                                        .client_secret = secret_span(&p->secret.text),
                                        .cacert = settings_get(s, SET_CACERT, NULL),
                                        .capath = settings_get(s, SET_CAPATH, NULL),
                                        .insecure_http = p->run.insecure_http,
                                        .timeout = p->run.timeout,
                                        .once = true,
                                        .callbacks = &p->run.callbacks};
    return oauth_client_new(&config, client, err);
}

// The length that the assertion of the signer will most likely have.
static OWN_FRAME bool expected_length(const struct profile *p, const char *scope, size_t *len, struct ssa_error *err)
{
    const struct ssa_token_request request = {.scope = scope};
    struct assertion a;
    SECRET_AUTO input = {0};
    if (!assertion_prepare(&a, &p->run, &request, err) || !secret_new(&input, ASSERTION_MAX, err) ||
        !assertion_input(&a, &input, err))
        return false;
    *len = input.len + 1 + BASE64URL_LENGTH(USUAL_SIGNATURE_BYTES);
    return true;
}

// The signer may have read a newer profile already: its assertion does not fit this client id.
static bool is_ours(const struct profile *p, struct fetched *f)
{
    // Only this thread changes the facts.
    if (strcmp(f->status.client_id, p->facts.client_id) == 0 && strcmp(f->status.account, p->facts.account) == 0)
        return true;
    f->kind = CACHE_CHANGED;
    error_set(&f->err, SSA_CONFIG, NULL, profile_shown(p), "the profile was changed while it was used");
    return error_reason(&f->err, SSA_REASON_AGENT_DIFFERS, NULL);
}

static bool sign(struct profile *p, const char *scope, struct secret *assertion, struct fetched *f)
{
    struct link_request request = {.call = LINK_ASSERTION};
    const size_t len = strlen(scope);
    memcpy(request.scope, scope, len + 1);
    const long long since = monotonic_ms();
    f->asked_link = true;
    f->signed_one = link_assertion(p->link, &request, since + LINK_SIGN_MS, assertion, &f->status, &f->err);
    f->signing_failed = !f->signed_one;
    f->signing_ms = monotonic_ms() - since;
    if (f->signed_one)
        return is_ours(p, f);
    // One that is open and does not sign needs somebody: a touch, or another profile.
    f->kind = f->status.state == SIGNER_OPEN ? CACHE_LASTS : CACHE_PASSES;
    f->common = f->err.code != SSA_USAGE;
    if (f->status.state == SIGNER_LOST && !f->status.by_person)
        (void)error_reason(&f->err, SSA_REASON_AGENT_LOST, "%s", f->status.label);
    return false;
}

// What a failed exchange means.
static void judge(struct profile *p, struct fetched *f)
{
    f->kind = CACHE_LASTS;
    f->common = true;
    switch (f->err.code) {
    case SSA_RATE_LIMIT:
        f->kind = CACHE_LIMITED;
        break;
    case SSA_CREDENTIALS:
        if (profile_secret_refused(p))
            f->kind = CACHE_CHANGED;
        break;
    case SSA_REFUSED:
        // The key may have been rotated. Else it may be about these scopes.
        f->common = false;
        if (profile_refresh(p))
            f->kind = CACHE_CHANGED;
        break;
    case SSA_NETWORK:
    case SSA_UNEXPECTED:
        f->kind = CACHE_PASSES;
        break;
    default:
        break;
    }
}

static bool read_grant(const struct secret *answer, const char *scope, long long since, struct fetched *f)
{
    struct grant_terms terms;
    SECRET_AUTO token = {0};
    if (!secret_new(&token, GRANT_MAX, &f->err) || !grant_access_token(secret_span(answer), &token, &f->err) ||
        !grant_read_terms(secret_span(answer), &terms, &f->err))
        return false;
    f->access =
        access_new(secret_span(&token), terms.scope[0] != '\0' ? terms.scope : scope, since, terms.lifetime, &f->err);
    return f->access != NULL;
}

static OWN_FRAME bool exchange(struct profile *p, const char *scope, struct oauth_client *client, size_t len,
                               struct fetched *f)
{
    SECRET_AUTO assertion = {0};
    SECRET_AUTO answer = {0};
    struct oauth_exchange *begun = NULL;
    f->kind = CACHE_PASSES;
    f->common = true;
    if (!secret_new(&answer, GRANT_MAX, &f->err) || !oauth_exchange_begin(client, len, scope, &begun, &f->err))
        return false;
    long long until = p->assertion_until;
    if (!profile_assertion_take(p, scope, &assertion)) {
        until = boot_ms() + ASSERTION_KEPT_MS;
        if (!sign(p, scope, &assertion, f)) {
            (void)oauth_exchange_finish(begun, NULL, 0, NULL, ERROR_IGNORED);
            return false;
        }
    }
    // It is valid from some moment after this one.
    const long long since = boot_ms();
    const bool done = oauth_exchange_finish(begun, &assertion, ASSERTION_LIFETIME_MAX, &answer, &f->err);
    f->sent.requests = oauth_requests(client);
    f->sent.told = oauth_limits(client);
    if (done)
        return read_grant(&answer, scope, since, f);
    judge(p, f);
    if (f->err.code == SSA_NETWORK || f->kind == CACHE_LIMITED)
        profile_assertion_keep(p, scope, &assertion, until);
    return false;
}

void profile_fetch(struct profile *p, const char *scope, struct fetched *fetched)
{
    APS_AUTO *client = NULL;
    size_t len = 0;
    // Something in the settings, until it is known better.
    fetched->kind = CACHE_LASTS;
    fetched->common = true;
    if (!profile_secret_ready(p, &fetched->err)) {
        // The PKCS#11 token that it is on may come back.
        fetched->kind = p->secret.uri != NULL ? CACHE_PASSES : CACHE_LASTS;
        return;
    }
    if (expected_length(p, scope, &len, &fetched->err) && open_client(p, &client, &fetched->err))
        (void)exchange(p, scope, client, len, fetched);
}
