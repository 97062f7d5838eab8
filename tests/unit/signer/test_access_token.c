// Fetching an access token, step by step, with PKCS#11 token and API made up: when it connects, logs in and signs, what
// is closed where a step fails, that nothing is done twice, and that no buffer with a secret is left.
#include "core/unit.h"

#include <stdio.h>

#include "core/live_secrets.h"
#include "core/rsa_key.h"
#include "core/steps.h"
#include "hsm/data/data.h"
#include "hsm/key/sign.h"
#include "hsm/login/login.h"
#include "hsm/search/open.h"
#include "signer/access_token.h"

enum { SIGNATURE_BYTES = 256 };

static struct ssa_settings *settings;
static char pin_source[96], secret_uri[160]; // the settings refer to them
static struct token_info info = {.label = "T", .uri = "pkcs11:token=T", .login_required = true};
static size_t tokens, clients, exchanges; // open now
static bool same_token;                   // the client secret is on the key's own token
static bool absent;                       // a token that cannot be opened seems absent
static bool stops, stopped;               // the person wants to stop while it signs, and has said so
static size_t announced;                  // the assertion's length
static struct ssa_grant grant;
static struct ssa_error err;

bool __wrap_search_open(const struct token_wanted *wanted, struct token **token, struct ssa_error *e);
const struct token_info *__wrap_token_info(const struct token *token);
void __wrap_token_close(struct token **token);
bool __wrap_token_matches(const struct token *token, const struct uri *uri);
bool __wrap_login_user(struct token *token, bool writable, const struct pin_giver *giver, struct ssa_error *e);
bool __wrap_data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private, size_t *count,
                      struct ssa_error *e);
bool __wrap_key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
                     struct ssa_error *e);
bool __wrap_key_find_and_sign(struct token *token, const struct uri *uri, struct span message, struct secret *signature,
                              struct ssa_error *e);
bool __wrap_oauth_client_new(const struct oauth_config *config, struct oauth_client **client, struct ssa_error *e);
void __wrap_oauth_client_free(struct oauth_client *client);
bool __wrap_oauth_client_know_secret(struct oauth_client *client, struct span secret, struct ssa_error *e);
bool __wrap_oauth_exchange_begin(struct oauth_client *client, size_t assertion_len, const char *scope,
                                 struct oauth_exchange **exchange, struct ssa_error *e);
bool __wrap_oauth_exchange_finish(struct oauth_exchange *exchange, const struct secret *assertion, unsigned lifetime,
                                  struct secret *answer, struct ssa_error *e);

bool __wrap_search_open(const struct token_wanted *wanted, struct token **token, struct ssa_error *e)
{
    (void)wanted;
    assert_null(*token);
    if (!step("open", e)) {
        e->code = absent ? SSA_ABSENT : e->code;
        return false;
    }
    tokens++;
    *token = (void *)&tokens;
    return true;
}

const struct token_info *__wrap_token_info(const struct token *token)
{
    assert_non_null(token);
    return &info;
}

void __wrap_token_close(struct token **token)
{
    if (*token == NULL)
        return;
    (void)step("close", ERROR_IGNORED);
    tokens--;
    *token = NULL;
}

bool __wrap_token_matches(const struct token *token, const struct uri *uri)
{
    assert_true(token != NULL && uri != NULL);
    return same_token;
}

bool __wrap_login_user(struct token *token, bool writable, const struct pin_giver *giver, struct ssa_error *e)
{
    SECRET_AUTO pin = {0};
    assert_true(token != NULL && !writable);
    if (!step("login", e))
        return false;
    assert_true(secret_new(&pin, PIN_MAX, e));
    SUCCEEDS(giver->give(giver->context, &info, &pin, &err));
    assert_string_equal(secret_text(&pin), "1234");
    giver->outcome(giver->context, &info, PIN_ACCEPTED);
    return true;
}

bool __wrap_data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private, size_t *count,
                      struct ssa_error *e)
{
    assert_true(token != NULL && uri != NULL);
    *is_private = true;
    *count = 1;
    return step("secret", e) && secret_append_text(value, "on-token");
}

static bool sign(struct span message, struct secret *signature, struct ssa_error *e)
{
    static const uint8_t zeros[SIGNATURE_BYTES];
    assert_int_equal(tokens, 1);
    assert_non_null(memchr(message.data, '.', message.len));
    stopped = stops;
    return step("sign", e) && secret_append(signature, span_of(zeros, sizeof zeros));
}

bool __wrap_key_sign(struct token *token, const struct key *key, struct span message, struct secret *signature,
                     struct ssa_error *e)
{
    assert_true(token != NULL && key != NULL);
    return sign(message, signature, e);
}

bool __wrap_key_find_and_sign(struct token *token, const struct uri *uri, struct span message, struct secret *signature,
                              struct ssa_error *e)
{
    assert_true(token != NULL && uri != NULL);
    return sign(message, signature, e);
}

bool __wrap_oauth_client_new(const struct oauth_config *config, struct oauth_client **client, struct ssa_error *e)
{
    assert_string_equal(config->client_id, "client");
    // NULL where the secret is on a token.
    if (config->client_secret.data != NULL)
        assert_memory_equal(config->client_secret.data, "literal", config->client_secret.len);
    if (!step("client", e))
        return false;
    clients++;
    *client = (void *)&clients;
    return true;
}

void __wrap_oauth_client_free(struct oauth_client *client)
{
    // The client has the exchange, so that ends first.
    assert_int_equal(exchanges, 0);
    clients -= client != NULL ? 1 : 0;
}

bool __wrap_oauth_client_know_secret(struct oauth_client *client, struct span secret, struct ssa_error *e)
{
    assert_non_null(client);
    assert_memory_equal(secret.data, "on-token", secret.len);
    return step("know", e);
}

bool __wrap_oauth_exchange_begin(struct oauth_client *client, size_t assertion_len, const char *scope,
                                 struct oauth_exchange **exchange, struct ssa_error *e)
{
    (void)client;
    assert_string_equal(scope, "data:read data:write");
    if (!step("connect", e))
        return false;
    announced = assertion_len;
    exchanges++;
    *exchange = (void *)&exchanges;
    return true;
}

bool __wrap_oauth_exchange_finish(struct oauth_exchange *exchange, const struct secret *assertion, unsigned lifetime,
                                  struct secret *answer, struct ssa_error *e)
{
    assert_non_null(exchange);
    exchanges--;
    if (assertion == NULL) {
        (void)step("give up", ERROR_IGNORED);
        return false;
    }
    assert_int_equal(assertion->len, announced);
    assert_int_equal(lifetime, 300);
    return step("send", e) && secret_append_text(answer, "{\"access_token\": \"the-token\"}");
}

static void set(const char *name, const char *value)
{
    assert_true(ssa_settings_option(settings, name, value, ERROR_IGNORED));
}

static void forget(void)
{
    steps_begin();
    absent = stops = stopped = false;
}

static int begin(void **state)
{
    const int made = unit_folder(state);
    forget();
    same_token = false;
    settings = ssa_settings_new();
    set("APS_CLIENT_ID", "client");
    set("APS_SECRET_ID", "literal");
    set("SERVICE_ACCOUNT_ID", "A");
    set("KEY_ID", "K");
    set("SSA_EMAIL", "a@x");
    set("PRIVATE_KEY", "pkcs11:token=T;object=K");
    (void)snprintf(pin_source, sizeof pin_source, "file:%s", unit_write("pin", "1234\n", 0600));
    set("SSA_HSM_PIN_SOURCE", pin_source);
    set("SSA_HSM_MODULE", "m");
    return made;
}

static int end(void **state)
{
    ssa_settings_free(settings);
    assert_int_equal(live_secrets, 0);
    return unit_folder_gone(state);
}

static bool ask(void *context, const char *prompt, char *answer, size_t capacity, size_t *len, struct ssa_error *e)
{
    (void)context, (void)prompt, (void)capacity, (void)e;
    *len = 4;
    memcpy(answer, "1234", *len);
    return true;
}

static bool interrupted(void *context)
{
    (void)context;
    return stopped;
}

// Fetches, and checks that nothing is left but what the caller gets: two texts.
static bool fetch(void)
{
    const struct ssa_run run = {.settings = settings, .callbacks = {.ask_secret = ask, .interrupted = interrupted}};
    const struct ssa_token_request request = {0};
    const size_t before = live_secrets;
    const bool done = ssa_fetch(&run, &request, &grant, &err);
    assert_int_equal(live_secrets, before + (done ? 2 : 0));
    assert_int_equal(tokens + clients + exchanges, 0);
    if (done) {
        assert_string_equal(grant.token.text, "the-token");
        assert_non_null(strstr(grant.json.text, "the-token"));
        ssa_grant_free(&grant);
        live_secrets = before;
    }
    assert_null(grant.token.owner);
    assert_null(grant.json.owner);
    return done;
}

// One step fails, and these are the steps that happen.
#define ENDS_AT(name, call, ...)                                                                                       \
    do {                                                                                                               \
        forget();                                                                                                      \
        step_that_fails = name;                                                                                        \
        FAILS(call, SSA_NETWORK, name " fails");                                                                       \
        HAPPENED(__VA_ARGS__);                                                                                         \
    } while (0)

static void it_connects_before_the_token_is_opened(void **state)
{
    (void)state;
    SUCCEEDS(fetch());
    HAPPENED("client", "connect", "open", "login", "sign", "close", "send");
}

// Where a person types the PIN, a server would close the idle connection. Where the token is searched for, a thread
// must not run yet.
static void it_connects_when_the_pin_is_there(void **state)
{
    (void)state;
    set("SSA_HSM_MODULE", "");
    SUCCEEDS(fetch());
    HAPPENED("client", "open", "login", "connect", "sign", "close", "send");
    forget();
    set("SSA_HSM_MODULE", "m");
    set("SSA_HSM_PIN_SOURCE", "");
    SUCCEEDS(fetch());
    HAPPENED("client", "open", "login", "connect", "sign", "close", "send");
}

static void a_step_that_fails_closes_what_is_open(void **state)
{
    (void)state;
    ENDS_AT("client", fetch(), "client");
    ENDS_AT("open", fetch(), "client", "connect", "open", "give up");
    ENDS_AT("login", fetch(), "client", "connect", "open", "login", "close", "give up");
    ENDS_AT("sign", fetch(), "client", "connect", "open", "login", "sign", "close", "give up");
    ENDS_AT("send", fetch(), "client", "connect", "open", "login", "sign", "close", "send");
}

static void a_connection_that_fails_is_tried_again(void **state)
{
    (void)state;
    step_that_fails = "connect";
    time_it_fails = 1;
    SUCCEEDS(fetch());
    HAPPENED("client", "connect", "open", "login", "connect", "sign", "close", "send");
    // The last try's error is the one that is reported.
    ENDS_AT("connect", fetch(), "client", "connect", "open", "login", "connect", "sign", "close", "connect");
}

static void nothing_is_sent_once_the_person_wants_to_stop(void **state)
{
    (void)state;
    stops = true;
    FAILS(fetch(), SSA_UNEXPECTED, "interrupted");
    HAPPENED("client", "connect", "open", "login", "sign", "close", "give up");
}

static void a_client_secret_on_the_token_is_read_after_the_login(void **state)
{
    (void)state;
    set("APS_SECRET_ID", "pkcs11:token=T;object=secret;type=data");
    same_token = true;
    SUCCEEDS(fetch());
    HAPPENED("client", "open", "login", "connect", "secret", "know", "sign", "close", "send");
    ENDS_AT("secret", fetch(), "client", "open", "login", "connect", "secret", "close", "give up");
    ENDS_AT("know", fetch(), "client", "open", "login", "connect", "secret", "know", "close", "give up");
}

static void use_other_token(void)
{
    (void)snprintf(secret_uri, sizeof secret_uri, "pkcs11:token=S;object=secret;type=data?pin-source=%s", pin_source);
    set("APS_SECRET_ID", secret_uri);
}

static void a_client_secret_on_another_token_is_read_before_the_login(void **state)
{
    (void)state;
    use_other_token();
    SUCCEEDS(fetch());
    HAPPENED("client", "open", "open", "login", "secret", "close", "login", "connect", "know", "sign", "close", "send");
    // Both are closed where that fails.
    ENDS_AT("secret", fetch(), "client", "open", "open", "login", "secret", "close", "close");
}

// Its module is restarted, for which the key's token is closed.
static void the_other_token_is_looked_for_again_where_it_seems_absent(void **state)
{
    (void)state;
    use_other_token();
    absent = true;
    step_that_fails = "open";
    time_it_fails = 2;
    SUCCEEDS(fetch());
    HAPPENED("client", "open", "open", "close", "open", "login", "secret", "close", "open", "login", "connect", "know",
             "sign", "close", "send");
    // But not for another reason.
    forget();
    step_that_fails = "open";
    time_it_fails = 2;
    FAILS(fetch(), SSA_NETWORK, "open fails");
    HAPPENED("client", "open", "open", "close");
}

static bool try_key(void)
{
    const struct ssa_run run = {.settings = settings};
    const struct access_token_key whose = {.client_id = "client", .account = "A", .kid = "K"};
    const struct key key = {.private_object = 1};
    const size_t before = live_secrets;
    tokens = 1;
    const bool done = access_token_try(&run, (void *)&clients, &whose, (void *)&tokens, &key, &err);
    // Neither the access token nor the assertion is kept. The caller's PKCS#11 token stays open.
    assert_int_equal(live_secrets, before);
    assert_int_equal(exchanges, 0);
    assert_int_equal(tokens, 1);
    tokens = 0;
    return done;
}

static void a_key_is_tried_on_the_open_token(void **state)
{
    (void)state;
    SUCCEEDS(try_key());
    HAPPENED("sign", "connect", "send");
    ENDS_AT("sign", try_key(), "sign");
    ENDS_AT("connect", try_key(), "sign", "connect");
    ENDS_AT("send", try_key(), "sign", "connect", "send");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_connects_before_the_token_is_opened, begin, end),
        cmocka_unit_test_setup_teardown(it_connects_when_the_pin_is_there, begin, end),
        cmocka_unit_test_setup_teardown(a_step_that_fails_closes_what_is_open, begin, end),
        cmocka_unit_test_setup_teardown(a_connection_that_fails_is_tried_again, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_sent_once_the_person_wants_to_stop, begin, end),
        cmocka_unit_test_setup_teardown(a_client_secret_on_the_token_is_read_after_the_login, begin, end),
        cmocka_unit_test_setup_teardown(a_client_secret_on_another_token_is_read_before_the_login, begin, end),
        cmocka_unit_test_setup_teardown(the_other_token_is_looked_for_again_where_it_seems_absent, begin, end),
        cmocka_unit_test_setup_teardown(a_key_is_tried_on_the_open_token, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
