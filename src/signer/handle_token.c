// Opening a signer that fetches access tokens. The last one is kept, and a new one is fetched where that is not valid
// long enough.
#include "signer/handle.h"

#include <time.h>

#include "config/reference.h"
#include "core/base64.h"
#include "core/boot_clock.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "core/result.h"
#include "core/text.h"
#include "oauth/grant.h"

enum { GRANT_MAX = 64 * 1024, USUAL_SIGNATURE_BYTES = 2048 / 8 };

bool ssa_signer_open(const struct ssa_run *run, struct ssa_signer **signer, struct ssa_error *err)
{
    oauth_wipe_memory();
    return handle_open(run, NULL, signer, ERROR_OR_IGNORED(err));
}

void ssa_access_token_free(struct ssa_access_token *token)
{
    ssa_text_free(&token->token);
    ssa_text_free(&token->scope);
    *token = (struct ssa_access_token){0};
}

static bool copy_text(struct span text, struct ssa_text *out, struct ssa_error *err)
{
    SECRET_AUTO copy = {0};
    if (!secret_new(&copy, text.len, err))
        return false;
    if (!secret_append(&copy, text))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "a text does not fit its buffer");
    return result_take(out, &copy, err);
}

static bool copy_token(const struct kept_token *kept, struct ssa_access_token *token, struct ssa_error *err)
{
    token->type = "Bearer";
    token->expires = kept->expires;
    if (copy_text(secret_span(&kept->text), &token->token, err) &&
        copy_text(span_text(kept->given), &token->scope, err))
        return true;
    ssa_access_token_free(token);
    return false;
}

// *found becomes whether there is one that is valid long enough.
static bool take_kept(struct ssa_signer *signer, const char *scope, unsigned seconds, bool *found,
                      struct ssa_access_token *token, struct ssa_error *err)
{
    const struct kept_token *kept = &signer->kept;
    (void)pthread_mutex_lock(&signer->keeping);
    *found = kept->text.len > 0 && strcmp(kept->scope, scope) == 0 && boot_ms() + seconds * 1000LL < kept->useless_at;
    const bool done = !*found || copy_token(kept, token, err);
    (void)pthread_mutex_unlock(&signer->keeping);
    return done;
}

static void keep(struct ssa_signer *signer)
{
    (void)pthread_mutex_lock(&signer->keeping);
    secret_free(&signer->kept.text);
    signer->kept = signer->fresh;
    signer->fresh.text = (struct secret){0};
    (void)pthread_mutex_unlock(&signer->keeping);
}

// Another one may have been put in its place. What a descriptor had is not there a second time.
static void forget_refused_secret(struct ssa_signer *signer, const struct ssa_error *err)
{
    const char *value = settings_get(signer->run.settings, SET_CLIENT_SECRET, NULL);
    if (err->code == SSA_CREDENTIALS && (value == NULL || reference_kind(value) != REFERENCE_FD))
        client_secret_free(&signer->secret);
}

// The connection is made while the PKCS#11 token signs.
static bool exchange(struct ssa_signer *signer, struct assertion *a, struct secret *answer, struct ssa_error *err)
{
    APS_AUTO *client = NULL;
    SECRET_AUTO assertion = {0};
    struct oauth_exchange *begun = NULL;
    if (!api_client_open(&signer->run, &signer->secret, &client, err) || !secret_new(&assertion, ASSERTION_MAX, err) ||
        !assertion_input(a, &assertion, err))
        return false;
    const size_t len = assertion.len + 1 + BASE64URL_LENGTH(USUAL_SIGNATURE_BYTES);
    if (!oauth_exchange_begin(client, len, a->scope, &begun, err))
        return false;
    if (handle_assertion(signer, a, &assertion, err))
        return oauth_exchange_finish(begun, &assertion, a->lifetime, answer, err);
    (void)oauth_exchange_finish(begun, NULL, 0, NULL, ERROR_IGNORED);
    return false;
}

static bool fetch(struct ssa_signer *signer, struct assertion *a, struct kept_token *fresh, struct ssa_error *err)
{
    SECRET_AUTO answer = {0};
    struct grant_terms terms;
    if (!secret_new(&answer, GRANT_MAX, err) || !secret_new(&fresh->text, GRANT_MAX, err) ||
        !handle_read_secret(signer, err))
        return false;
    // It is valid from some moment after this one.
    const long long since = boot_ms();
    const time_t since_date = time(NULL);
    if (!exchange(signer, a, &answer, err)) {
        forget_refused_secret(signer, err);
        return false;
    }
    if (!grant_access_token(secret_span(&answer), &fresh->text, err) ||
        !grant_read_terms(secret_span(&answer), &terms, err))
        return false;
    memcpy(fresh->scope, a->scope, sizeof fresh->scope);
    memcpy(fresh->given, terms.scope[0] != '\0' ? terms.scope : a->scope, sizeof fresh->given);
    fresh->expires = terms.lifetime > 0 ? since_date + terms.lifetime : 0;
    fresh->useless_at = since + terms.lifetime * 1000;
    return callback_go_on(&signer->run.callbacks, err);
}

static bool fetch_and_keep(struct ssa_signer *signer, struct assertion *a, struct ssa_access_token *token,
                           struct ssa_error *err)
{
    if (!fetch(signer, a, &signer->fresh, err)) {
        secret_free(&signer->fresh.text);
        signer->unfetched.err = *err;
        signer->unfetched.at = monotonic_ms();
        memcpy(signer->unfetched_scope, a->scope, sizeof signer->unfetched_scope);
        return false;
    }
    const bool done = copy_token(&signer->fresh, token, err);
    keep(signer);
    return done;
}

// Those who waited for a fetch take what it got, or its failure.
static bool fetch_in_turn(struct ssa_signer *signer, struct assertion *a, unsigned seconds, long long since,
                          struct ssa_access_token *token, struct ssa_error *err)
{
    bool found = false;
    if (!take_kept(signer, a->scope, seconds, &found, token, err) || found)
        return found;
    if (!failure_is_shared(&signer->unfetched, since) || strcmp(signer->unfetched_scope, a->scope) != 0)
        return fetch_and_keep(signer, a, token, err);
    *err = signer->unfetched.err;
    return false;
}

bool ssa_signer_token(struct ssa_signer *signer, const char *scope, unsigned seconds, struct ssa_access_token *token,
                      struct ssa_error *err)
{
    const struct ssa_token_request request = {.scope = scope};
    struct assertion a;
    bool found = false;
    err = ERROR_OR_IGNORED(err);
    *token = (struct ssa_access_token){0};
    if (!handle_check(signer, err) || !assertion_prepare(&a, &signer->run, &request, err))
        return false;
    if (!take_kept(signer, a.scope, seconds, &found, token, err) || found)
        return found;
    const long long since = monotonic_ms();
    (void)pthread_mutex_lock(&signer->fetching);
    const bool done = fetch_in_turn(signer, &a, seconds, since, token, err);
    (void)pthread_mutex_unlock(&signer->fetching);
    return done;
}
