// The exchange (RFC 7523 section 2.1). A thread connects while the PKCS#11 token signs. It makes one try. It calls no
// callbacks, because those must run on the caller's thread.
#include "oauth/oauth.h"

#include <errno.h>
#include <stdlib.h>

#include "core/monotonic.h"
#include "core/text.h"
#include "core/thread.h"
#include "oauth/call.h"
#include "oauth/failure.h"
#include "oauth/jwt.h"

// What goes before the assertion; ":" is escaped.
#define FORM_HEAD "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="

enum { SCOPE_MAX = 8192, THREAD_STACK = 1024 * 1024, POLL_MS = 100, FIRST_MS = 50 };

enum decision { UNDECIDED, SEND, DROP };

struct oauth_exchange {
    struct oauth_client *client;
    const char *scope;
    struct call call;
    char url[URL_MAX];
    struct http_request request;
    struct http_response answer;
    struct secret form; // holds request.body; it is complete before decision becomes SEND
    struct http_handle *handle;
    bool started; // there is a thread
    pthread_t thread;
    // For the members below. It is of the default kind, and no thread locks it twice. So locking cannot fail.
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum decision decision;
    bool idle; // the thread waits for the network, or has done so
    bool ended;
    bool tried; // answer holds the result
};

// Runs on the thread after connecting. If the connection waits longer than a call may take, it is given up, and
// oauth_exchange_finish makes another one.
static bool wait_for_assertion(void *context)
{
    struct oauth_exchange *exchange = context;
    const long long until = monotonic_ms() + exchange->request.left_ms;
    (void)pthread_mutex_lock(&exchange->mutex);
    while (exchange->decision == UNDECIDED && thread_wait_until(&exchange->changed, &exchange->mutex, until))
        continue;
    const bool send = exchange->decision == SEND;
    (void)pthread_mutex_unlock(&exchange->mutex);
    return send;
}

static bool is_dropped(void *context, bool sent)
{
    (void)sent;
    struct oauth_exchange *exchange = context;
    (void)pthread_mutex_lock(&exchange->mutex);
    const bool dropped = exchange->decision == DROP;
    (void)pthread_mutex_unlock(&exchange->mutex);
    return dropped;
}

static void now_idle(void *context)
{
    struct oauth_exchange *exchange = context;
    (void)pthread_mutex_lock(&exchange->mutex);
    if (!exchange->idle)
        (void)pthread_cond_broadcast(&exchange->changed);
    exchange->idle = true;
    (void)pthread_mutex_unlock(&exchange->mutex);
}

static void *connect_and_send(void *context)
{
    struct oauth_exchange *exchange = context;
    // What fails here is told by oauth_exchange_finish, which then tries it itself.
    exchange->handle = http_handle_new(ERROR_IGNORED);
    const bool tried =
        exchange->handle != NULL && http_send(exchange->handle, &exchange->request, &exchange->answer, ERROR_IGNORED);
    // The form and the answer went through this stack.
    secret_wipe_stack();
    (void)pthread_mutex_lock(&exchange->mutex);
    exchange->tried = tried;
    exchange->ended = true;
    (void)pthread_mutex_unlock(&exchange->mutex);
    // Whoever is woken would else wait once more, for the mutex. The exchange is there until this thread was joined.
    (void)pthread_cond_broadcast(&exchange->changed);
    return NULL;
}

static void decide(struct oauth_exchange *exchange, enum decision decision)
{
    (void)pthread_mutex_lock(&exchange->mutex);
    exchange->decision = decision;
    (void)pthread_cond_broadcast(&exchange->changed);
    (void)pthread_mutex_unlock(&exchange->mutex);
}

// Waits for the thread's end. An interruption ends it early. answer.end then tells that.
static void end_thread(struct oauth_exchange *exchange)
{
    if (!exchange->started)
        return;
    (void)pthread_mutex_lock(&exchange->mutex);
    while (!exchange->ended) {
        (void)thread_wait_until(&exchange->changed, &exchange->mutex, monotonic_ms() + POLL_MS);
        (void)pthread_mutex_unlock(&exchange->mutex);
        client_waits(exchange->client);
        const bool stop = client_interrupted(exchange->client);
        (void)pthread_mutex_lock(&exchange->mutex);
        if (stop)
            exchange->decision = DROP;
    }
    (void)pthread_mutex_unlock(&exchange->mutex);
    (void)pthread_join(exchange->thread, NULL);
    exchange->started = false;
}

static void exchange_free(struct oauth_exchange **given)
{
    struct oauth_exchange *exchange = *given;
    if (exchange == NULL)
        return;
    if (exchange->started) {
        decide(exchange, DROP);
        end_thread(exchange);
    }
    http_handle_free(exchange->handle);
    (void)pthread_cond_destroy(&exchange->changed);
    (void)pthread_mutex_destroy(&exchange->mutex);
    secret_free(&exchange->form);
    http_response_free(&exchange->answer);
    free(exchange);
}
#define EXCHANGE_AUTO __attribute__((cleanup(exchange_free))) struct oauth_exchange *

static struct oauth_exchange *exchange_new(struct oauth_client *client, const char *scope)
{
    struct oauth_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return NULL;
    thread_condition_init(&exchange->changed);
    (void)pthread_mutex_init(&exchange->mutex, NULL);
    exchange->client = client;
    exchange->scope = scope;
    exchange->call = (struct call){
        .method = "POST",
        .path = "/token",
        .doing = "fetching an access token",
        .content_type = HTTP_FORM_TYPE,
        .as_client = true,
        .assertion = true,
        .on_400 = SSA_REASON_ASSERTION,
        .on_403 = SSA_REASON_SCOPE,
        .on_state = SSA_REASON_ASSERTION,
        .on_limit = SSA_REASON_SCOPE,
    };
    return exchange;
}

// Writes the form around an assertion.
static bool write_form(struct oauth_exchange *exchange, struct span assertion, struct ssa_error *err)
{
    secret_clear(&exchange->form);
    const bool scoped = text_present(exchange->scope);
    return (secret_append_text(&exchange->form, FORM_HEAD) && secret_append(&exchange->form, assertion) &&
            (!scoped || http_form_append(&exchange->form, "scope", exchange->scope))) ||
           error_set(err, SSA_USAGE, NULL, NULL, "assertion and scope are too long for a request");
}

bool oauth_exchange_begin(struct oauth_client *client, size_t assertion_len, const char *scope,
                          struct oauth_exchange **begun, struct ssa_error *err)
{
    *begun = NULL;
    EXCHANGE_AUTO exchange = exchange_new(client, scope);
    if (exchange == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a request");
    if (!secret_new(&exchange->answer.body, OAUTH_ANSWER_MAX, err) ||
        !secret_new(&exchange->form, sizeof FORM_HEAD + ASSERTION_MAX + SCOPE_MAX, err) ||
        !write_form(exchange, span_of(NULL, 0), err))
        return false;
    exchange->call.body = span_of(exchange->form.data, exchange->form.len + assertion_len);
    if (!call_request(client, &exchange->call, exchange->url, &exchange->request, err))
        return false;
    exchange->request.gate = wait_for_assertion;
    exchange->request.stop = is_dropped;
    exchange->request.idle = now_idle;
    exchange->request.context = exchange;
    // If there is no thread or no time, oauth_exchange_finish does everything.
    const bool fits = exchange->call.body.len <= exchange->form.capacity;
    exchange->started =
        fits && client->left_ms > 0 && thread_start(&exchange->thread, THREAD_STACK, connect_and_send, exchange);
    *begun = exchange;
    exchange = NULL;
    return true;
}

// Whether the connection was lost before any answer. A server closes a connection that waits too long, for instance
// while a person looks for the YubiKey. Such a try does not count, unless no more than one request may be sent.
static bool died_waiting(const struct oauth_exchange *exchange)
{
    const struct http_response *answer = &exchange->answer;
    const bool lost =
        answer->code == CURLE_SEND_ERROR || answer->code == CURLE_RECV_ERROR || answer->code == CURLE_GOT_NOTHING;
    return !exchange->client->config.once && answer->end == HTTP_RAN && answer->sent && answer->status == 0 && lost;
}

// Lets the thread send, or ends it. Returns whether its try counts.
static bool first_try(struct oauth_exchange *exchange, bool fits)
{
    const long long since = monotonic_ms();
    decide(exchange, fits ? SEND : DROP);
    end_thread(exchange);
    exchange->client->left_ms -= monotonic_ms() - since;
    // It may have arrived, so it counts for the rate limit.
    if (fits && exchange->tried && died_waiting(exchange))
        exchange->client->requests++;
    return fits && exchange->tried && exchange->answer.end != HTTP_SHUT && !died_waiting(exchange);
}

void oauth_exchange_go_first(struct oauth_exchange *exchange)
{
    const long long until = monotonic_ms() + FIRST_MS;
    if (!exchange->started)
        return;
    (void)pthread_mutex_lock(&exchange->mutex);
    while (!exchange->idle && !exchange->ended && thread_wait_until(&exchange->changed, &exchange->mutex, until))
        continue;
    (void)pthread_mutex_unlock(&exchange->mutex);
}

bool oauth_exchange_finish(struct oauth_exchange *given, const struct secret *assertion, unsigned lifetime,
                           struct secret *answer, struct ssa_error *err)
{
    EXCHANGE_AUTO exchange = given;
    struct oauth_client *client = exchange->client;
    if (assertion == NULL)
        return false;
    const size_t announced = exchange->call.body.len;
    if (!write_form(exchange, secret_span(assertion), err) || !call_has_credentials(client, &exchange->call, err))
        return false;
    // The secret may have become known only now. The thread reads it when it sends.
    exchange->request.authorization = secret_text(&client->authorization);
    exchange->call.body = secret_span(&exchange->form);
    exchange->call.secret = span_of(exchange->form.data + sizeof FORM_HEAD - 1, assertion->len);
    exchange->call.useless_ms = monotonic_ms() + lifetime * 1000LL;
    const bool tried = first_try(exchange, exchange->form.len == announced);
    // Further tries use this connection.
    client_hang_up(client);
    client->handle = exchange->handle;
    exchange->handle = NULL;

    const struct call *call = &exchange->call;
    if (!call_make(client, call, &exchange->answer, tried, NULL, err))
        return false;
    const struct span body = secret_span(&exchange->answer.body);
    if (!grant_check(body, NULL, err))
        return failure_unusable(client, call, &exchange->answer, err);
    if (secret_append(answer, body))
        return true;
    error_set(err, SSA_UNEXPECTED, NULL, NULL, "it is too long");
    return failure_unusable(client, call, &exchange->answer, err);
}
