#include "agent/fake_upstream.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/monotonic.h"
#include "core/text.h"

struct fake fake;

struct signer_link {
    int unused;
};

struct oauth_exchange {
    struct oauth_client *client;
    char scope[4096];
};

struct oauth_client {
    struct oauth_config config;
    unsigned requests;
    bool limited;
    char secret[64];
};

// The linker has calls of link_open come here, and so on.
bool __wrap_link_open(const struct link_config *config, struct signer_link **link, struct ssa_error *err);
void __wrap_link_close(struct signer_link *link);
bool __wrap_link_assertion(struct signer_link *link, const struct link_request *request, long long deadline,
                           struct secret *assertion, struct link_status *status, struct ssa_error *err);
bool __wrap_link_secret(struct signer_link *link, long long deadline, struct secret *secret, struct ssa_error *err);
bool __wrap_link_ask(struct signer_link *link, enum link_call call, long long deadline, struct link_status *status,
                     struct ssa_error *err);
unsigned long __wrap_link_starts(const struct signer_link *link);
bool __wrap_oauth_client_new(const struct oauth_config *config, struct oauth_client **client, struct ssa_error *err);
void __wrap_oauth_client_free(struct oauth_client *client);
unsigned __wrap_oauth_requests(const struct oauth_client *client);
struct oauth_limits __wrap_oauth_limits(const struct oauth_client *client);
bool __wrap_oauth_exchange_begin(struct oauth_client *client, size_t assertion_len, const char *scope,
                                 struct oauth_exchange **exchange, struct ssa_error *err);
bool __wrap_oauth_exchange_finish(struct oauth_exchange *exchange, const struct secret *assertion, unsigned lifetime,
                                  struct secret *answer, struct ssa_error *err);

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    atomic_store(&fake.state, SIGNER_OPEN);
    atomic_store(&fake.lifetime, 3600);
    (void)text_format(fake.client_id, sizeof fake.client_id, "client");
    (void)text_format(fake.account, sizeof fake.account, "account");
}

static void tell_status(struct link_status *status)
{
    if (status == NULL)
        return;
    if (atomic_load(&fake.silent)) {
        *status = (struct link_status){0};
        return;
    }
    *status = (struct link_status){.known = true,
                                   .state = (enum signer_state)atomic_load(&fake.state),
                                   .by_person = atomic_load(&fake.by_person),
                                   .label = "a token"};
    memcpy(status->client_id, fake.client_id, sizeof status->client_id);
    memcpy(status->account, fake.account, sizeof status->account);
}

// As a signer does: it notices that the PKCS#11 token is gone, or is back.
static bool look(struct ssa_error *err)
{
    const int state = atomic_load(&fake.state);
    if (atomic_load(&fake.silent))
        return error_because(err, SSA_UNEXPECTED, SSA_REASON_TIMEOUT, NULL, "the signer did not answer in time");
    if (state == SIGNER_OPEN && atomic_load(&fake.away))
        atomic_store(&fake.state, SIGNER_LOST);
    if (state == SIGNER_LOST && !atomic_load(&fake.away) && !atomic_load(&fake.by_person))
        atomic_store(&fake.state, SIGNER_OPEN);
    switch (atomic_load(&fake.state)) {
    case SIGNER_OPEN:
        return true;
    case SIGNER_LOST:
        return error_set(err, SSA_ABSENT, NULL, "a token", "is not there");
    default:
        return error_set(err, SSA_PIN, NULL, "a token", "is locked");
    }
}

bool __wrap_link_open(const struct link_config *config, struct signer_link **link, struct ssa_error *err)
{
    (void)config;
    (void)err;
    *link = calloc(1, sizeof **link);
    return *link != NULL;
}

void __wrap_link_close(struct signer_link *link)
{
    free(link);
}

unsigned long __wrap_link_starts(const struct signer_link *link)
{
    (void)link;
    return 1;
}

bool __wrap_link_assertion(struct signer_link *link, const struct link_request *request, long long deadline,
                           struct secret *assertion, struct link_status *status, struct ssa_error *err)
{
    (void)link;
    (void)deadline;
    pause_ms(atomic_load(&fake.sign_ms));
    const bool open = look(err);
    tell_status(status);
    if (!open)
        return false;
    (void)atomic_fetch_add(&fake.signatures, 1);
    return secret_new(assertion, LINK_TEXT_MAX, err) && secret_append_text(assertion, request->scope);
}

bool __wrap_link_secret(struct signer_link *link, long long deadline, struct secret *secret, struct ssa_error *err)
{
    (void)link;
    (void)deadline;
    (void)atomic_fetch_add(&fake.secrets, 1);
    return look(err) && secret_new(secret, 64, err) && secret_append_text(secret, fake.secret_on_token);
}

bool __wrap_link_ask(struct signer_link *link, enum link_call call, long long deadline, struct link_status *status,
                     struct ssa_error *err)
{
    (void)link;
    (void)deadline;
    bool done = true;
    if (call == LINK_LOCK) {
        (void)atomic_fetch_add(&fake.locks, 1);
        atomic_store(&fake.state, SIGNER_LOCKED);
    } else if (call == LINK_UNLOCK) {
        (void)atomic_fetch_add(&fake.logins, 1);
        if (!atomic_load(&fake.by_person))
            atomic_store(&fake.state, SIGNER_OPEN);
        done = look(err);
    } else if (call == LINK_LOOK) {
        done = look(err);
    }
    tell_status(status);
    return done;
}

bool __wrap_oauth_client_new(const struct oauth_config *config, struct oauth_client **client, struct ssa_error *err)
{
    (void)err;
    *client = calloc(1, sizeof **client);
    if (*client == NULL)
        return false;
    (*client)->config = *config;
    (void)text_format((*client)->secret, sizeof(*client)->secret, "%.*s", SPAN_PRINTF(config->client_secret));
    return true;
}

void __wrap_oauth_client_free(struct oauth_client *client)
{
    free(client);
}

unsigned __wrap_oauth_requests(const struct oauth_client *client)
{
    return client->requests;
}

struct oauth_limits __wrap_oauth_limits(const struct oauth_client *client)
{
    return (struct oauth_limits){.limited = client->limited, .value = 6000000, .remaining = -1, .retry_after = 1};
}

bool __wrap_oauth_exchange_begin(struct oauth_client *client, size_t assertion_len, const char *scope,
                                 struct oauth_exchange **exchange, struct ssa_error *err)
{
    (void)assertion_len;
    (void)err;
    *exchange = calloc(1, sizeof **exchange);
    if (*exchange == NULL)
        return false;
    (*exchange)->client = client;
    return text_format((*exchange)->scope, sizeof(*exchange)->scope, "%s", scope);
}

static bool answer_it(struct oauth_exchange *exchange, struct secret *answer, struct ssa_error *err)
{
    struct oauth_client *client = exchange->client;
    char text[512];
    const struct ssa_callbacks *callbacks = client->config.callbacks;
    const unsigned now = atomic_fetch_add(&fake.exchanging, 1) + 1;
    if (now > atomic_load(&fake.most_exchanging))
        atomic_store(&fake.most_exchanging, now);
    for (unsigned i = 0; i < atomic_load(&fake.exchange_ms) && !callbacks->interrupted(callbacks->context); i++)
        pause_ms(1);
    (void)atomic_fetch_sub(&fake.exchanging, 1);
    client->requests++;
    const unsigned long number = atomic_fetch_add(&fake.exchanges, 1);
    const enum ssa_class class = (enum ssa_class)atomic_load(&fake.refuses);
    client->limited = class == SSA_RATE_LIMIT;
    // A signer's client secret counts, where the test has one.
    const bool right = fake.right_secret[0] == '\0' || strcmp(fake.right_secret, client->secret) == 0;
    if (class != SSA_OK || !right)
        return error_set(err, right ? class : SSA_CREDENTIALS, NULL, NULL, "the API refused it");
    (void)text_format(text, sizeof text, "{\"access_token\":\"T%lu\",\"token_type\":\"Bearer\",\"expires_in\":%u}",
                      number, atomic_load(&fake.lifetime));
    return secret_append_text(answer, text);
}

bool __wrap_oauth_exchange_finish(struct oauth_exchange *exchange, const struct secret *assertion, unsigned lifetime,
                                  struct secret *answer, struct ssa_error *err)
{
    (void)lifetime;
    const bool done = assertion != NULL && answer_it(exchange, answer, err);
    free(exchange);
    return done;
}
