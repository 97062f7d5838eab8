#include "signer/access_token.h"

#include <sched.h>

#include "config/reference.h"
#include "core/base64.h"
#include "core/callback.h"
#include "core/json.h"
#include "core/result.h"
#include "hsm/login/login.h"
#include "hsm/search/open.h"
#include "oauth/grant.h"
#include "signer/assertion.h"
#include "signer/client_secret.h"
#include "signer/failover.h"
#include "signer/token_cache.h"

enum { GRANT_MAX = 64 * 1024, INDENTED_MAX = 2 * GRANT_MAX, USUAL_SIGNATURE_BYTES = 2048 / 8 };

// All tries, one for each profile, share this.
struct fetch {
    const struct ssa_token_request *request;
    struct secret assertion, answer;
    // A person types the client secret only once, and a descriptor can be read only once. The secret is for this client
    // id and this setting.
    struct client_secret secret;
    const char *client_id, *secret_setting;
    const struct ssa_cache *cache; // NULL for none
    bool cache_failed;             // which was told
    unsigned left;                 // the seconds for which an access token of the cache is valid; 0 for a new one
};

static void fetch_end(struct fetch *fetch)
{
    secret_free(&fetch->assertion);
    secret_free(&fetch->answer);
    client_secret_free(&fetch->secret);
}

// The try with one profile.
struct attempt {
    struct fetch *fetch;
    const struct ssa_run *run;
    struct assertion assertion;
    struct open_token at;
    struct oauth_client *client;
    bool one_processor; // nothing is done beside anything else but what the server does
    bool search_begun;
    size_t assertion_len; // an estimate, before there is a signature
    // The connection to the API is made while the PKCS#11 token logs in and signs
    // (docs/decisions/003-connecting-while-signing.md). NULL before it is begun.
    struct oauth_exchange *exchange;
    struct keyring_time sent; // when the request was sent, or shortly before
};

static void attempt_end(struct attempt *t)
{
    open_token_close(&t->at);
    search_abandon();
    // Gives up a connection that was begun and not finished.
    if (t->exchange != NULL)
        (void)oauth_exchange_finish(t->exchange, NULL, 0, NULL, ERROR_IGNORED);
    oauth_client_free(t->client);
}

// Begins to connect, unless that was done.
static bool begin_exchange(struct attempt *t, struct ssa_error *err)
{
    return t->exchange != NULL ||
           oauth_exchange_begin(t->client, t->assertion_len, t->assertion.scope, &t->exchange, err);
}

// Where it fails, finish tries again and reports the error.
static void connect_now(void *context)
{
    (void)begin_exchange(context, ERROR_IGNORED);
}

// Sends the assertion and appends the answer.
static bool finish(struct attempt *t, struct ssa_error *err)
{
    if (!begin_exchange(t, err))
        return false;
    struct oauth_exchange *exchange = t->exchange;
    t->exchange = NULL;
    return oauth_exchange_finish(exchange, &t->fetch->assertion, t->assertion.lifetime, &t->fetch->answer, err);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool begin_client_secret(struct fetch *fetch, const struct ssa_run *run, const char *client_id,
                                struct ssa_error *err)
{
    const char *setting = settings_get(run->settings, SET_CLIENT_SECRET, NULL);
    if (client_secret_place(&fetch->secret, NULL) != SECRET_NOT_BEGUN && same(fetch->client_id, client_id) &&
        same(fetch->secret_setting, setting))
        return true;
    client_secret_free(&fetch->secret);
    fetch->client_id = client_id;
    fetch->secret_setting = setting;
    return client_secret_begin(run, &fetch->secret, err);
}

static bool has_one_processor(void)
{
    cpu_set_t mine;
    return sched_getaffinity(0, sizeof mine, &mine) == 0 && CPU_COUNT(&mine) == 1;
}

// Has the module loaded, unless that was done.
static void begin_search(struct attempt *t)
{
    const struct token_wanted wanted = open_token_wanted(t->run, t->at.uri);
    if (!t->search_begun)
        search_begin(&wanted);
    t->search_begun = true;
}

// Does all that can fail before a PKCS#11 token is opened.
static bool prepare(struct attempt *t, struct ssa_error *err)
{
    struct fetch *fetch = t->fetch;
    t->one_processor = has_one_processor();
    if (!open_token_prepare(t->run, t->assertion.identity.private_key, &t->at, err))
        return false;
    // The module is loaded meanwhile. On one processor, the connection goes first, but not before a person types.
    if (!t->one_processor || settings_get(t->run->settings, SET_CLIENT_SECRET, NULL) == NULL)
        begin_search(t);
    if (!begin_client_secret(fetch, t->run, t->assertion.claims.issuer, err))
        return false;
    if (!api_client_open(t->run, &fetch->secret, &t->client, err))
        return false;
    if (!assertion_input(&t->assertion, &fetch->assertion, err))
        return false;
    t->assertion_len = fetch->assertion.len + 1 + BASE64URL_LENGTH(USUAL_SIGNATURE_BYTES);
    return true;
}

// Connects before the PKCS#11 token is opened, where nobody will be asked for a PIN. It does not do so where the token
// must be searched for, which forks, and a process with a second thread must not fork. Nor does it where the client
// secret is on another token, whose PIN a person may have to type.
static void connect_early(struct attempt *t)
{
    const struct token_wanted wanted = open_token_wanted(t->run, t->at.uri);
    const char *source = t->at.pin.source;
    if (client_secret_place(&t->fetch->secret, NULL) != SECRET_AT_HAND || source == NULL)
        return;
    if (reference_kind(source) == REFERENCE_PINENTRY || search_is_needed(&wanted))
        return;
    connect_now(t);
    if (t->exchange != NULL && t->one_processor)
        oauth_exchange_go_first(t->exchange);
}

// During another process's login, a PKCS#11 token may seem absent, or not initialised. The module shows it again when
// it is restarted, for which no token of it may be open.
static bool may_be_hidden(const struct ssa_error *err)
{
    return err->code == SSA_ABSENT || login_says_no_pin(err);
}

static bool read_other_token(struct attempt *t, struct ssa_error *err)
{
    struct client_secret *secret = &t->fetch->secret;
    if (client_secret_elsewhere(t->run, secret, OTHER_TOKEN_OPEN, t->at.pin.tries, err))
        return true;
    if (!may_be_hidden(err))
        return false;
    token_close(&t->at.token);
    return client_secret_elsewhere(t->run, secret, OTHER_TOKEN_OPEN, t->at.pin.tries, err) &&
           open_token_find(t->run, &t->at, err);
}

// Logs in, and reads a client secret that is on a PKCS#11 token: from this token after the login, from another token
// before it.
static bool log_in(struct attempt *t, struct ssa_error *err)
{
    struct client_secret *secret = &t->fetch->secret;
    const enum secret_place place = client_secret_place(secret, t->at.token);
    if (place == SECRET_ON_OTHER_TOKEN && !read_other_token(t, err))
        return false;
    // It connects once it has the PIN, and not earlier: a server closes a connection that is idle while a person types.
    t->at.pin.given = connect_now;
    t->at.pin.context = t;
    if (!open_token_login(&t->at, false, err))
        return false;
    if (place == SECRET_AT_HAND)
        return true;
    return client_secret_complete(t->run, secret, t->at.token, t->at.pin.tries, err) &&
           oauth_client_know_secret(t->client, secret_span(&secret->text), err);
}

// Where the API refuses the key, an old block in the environment may be the reason.
static void tell_old_block(const struct attempt *t, const struct ssa_error *err)
{
    const struct identity *used = &t->assertion.identity;
    const char *other = identity_shadowed_key_id(t->run->settings);
    if (err->code == SSA_REFUSED && used->source == FROM_ENVIRONMENT && other != NULL)
        tell_reason(&t->run->callbacks, SSA_WARNING, SSA_REASON_OLD_BLOCK, NULL,
                    "key %s of the environment was used, not %s of the profile (%s)", used->key_id, other,
                    settings_profile_path(t->run->settings));
}

static bool fetch_new(struct attempt *t, struct ssa_error *err)
{
    const struct ssa_run *run = t->run;
    struct fetch *fetch = t->fetch;
    if (!prepare(t, err))
        return false;
    connect_early(t);
    begin_search(t);
    if (!open_token_find(run, &t->at, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "token: %s", token_info(t->at.token)->uri);
    if (!log_in(t, err))
        return false;
    if (!assertion_sign(&t->assertion, t->at.token, t->at.uri, NULL, &fetch->assertion, err))
        return false;
    // Other processes may use the PKCS#11 token while the API answers.
    open_token_close(&t->at);
    t->sent = keyring_now();
    if (finish(t, err))
        return true;
    tell_old_block(t, err);
    return false;
}

static bool fetch_once(void *context, const struct ssa_run *run, struct pin_tries *pins, struct ssa_error *err)
{
    struct fetch *fetch = context;
    TOKEN_CACHE_AUTO cache;
    token_cache_none(&cache);
    __attribute__((cleanup(attempt_end))) struct attempt t = {
        .fetch = fetch, .run = run, .at = {.pin = {.tries = pins}}};
    if (!assertion_prepare(&t.assertion, run, fetch->request, err))
        return false;
    if (!token_cache_begin(&cache, run, fetch->cache, &t.assertion, &fetch->cache_failed, err))
        return false;
    fetch->left = token_cache_take(&cache, &fetch->answer);
    if (fetch->left > 0)
        return true;
    if (!fetch_new(&t, err))
        return false;
    token_cache_keep(&cache, &fetch->answer, t.sent);
    return true;
}

// The answer as JSON. Indentation adds a few characters to each member.
static bool take_json(const struct fetch *fetch, struct ssa_text *out, struct ssa_error *err)
{
    SECRET_AUTO json = {0};
    SECRET_AUTO counted = {0};
    if (!secret_new(&json, INDENTED_MAX, err) || !json_indent(secret_span(&fetch->answer), &json, err))
        return false;
    if (fetch->left == 0)
        return result_take(out, &json, err);
    if (!secret_new(&counted, INDENTED_MAX, err))
        return false;
    if (!grant_count_down(secret_span(&json), fetch->left, &counted))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the answer does not fit its buffer");
    return result_take(out, &counted, err);
}

static bool take_grant(const struct fetch *fetch, struct ssa_grant *grant, struct ssa_error *err)
{
    SECRET_AUTO token = {0};
    return secret_new(&token, GRANT_MAX, err) && grant_access_token(secret_span(&fetch->answer), &token, err) &&
           result_take(&grant->token, &token, err) && take_json(fetch, &grant->json, err);
}

bool ssa_fetch(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_grant *grant,
               struct ssa_error *err)
{
    return ssa_fetch_cached(run, request, NULL, grant, err);
}

bool ssa_fetch_cached(const struct ssa_run *run, const struct ssa_token_request *request, const struct ssa_cache *cache,
                      struct ssa_grant *grant, struct ssa_error *err)
{
    __attribute__((cleanup(fetch_end))) struct fetch fetch = {.request = request, .cache = cache};
    *grant = (struct ssa_grant){0};
    err = ERROR_OR_IGNORED(err);
    if (!assertion_new(run, &fetch.assertion, err) || !secret_new(&fetch.answer, GRANT_MAX, err))
        return false;
    if (!with_failover(run, fetch_once, &fetch, err) || !callback_go_on(&run->callbacks, err))
        return false;
    return take_grant(&fetch, grant, err);
}

bool access_token_try(const struct ssa_run *run, struct oauth_client *client, const struct access_token_key *whose,
                      struct token *token, const struct key *key, struct ssa_error *err)
{
    struct assertion a = {.claims = {.issuer = whose->client_id, .subject = whose->account, .kid = whose->kid}};
    SECRET_AUTO text = {0};
    SECRET_AUTO answer = {0};
    if (!secret_new(&text, ASSERTION_MAX, err) || !secret_new(&answer, GRANT_MAX, err))
        return false;
    if (!assertion_prepare_scope(&a, run, NULL, err))
        return false;
    if (!assertion_sign(&a, token, NULL, key, &text, err))
        return false;
    struct oauth_exchange *exchange = NULL;
    return oauth_exchange_begin(client, text.len, a.scope, &exchange, err) &&
           oauth_exchange_finish(exchange, &text, a.lifetime, &answer, err);
}
