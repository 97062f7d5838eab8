// GET /v1/status and /v1/health
#include <stdlib.h>
#include <unistd.h>

#include "agent/http/answer.h"
#include "core/json.h"

enum {
    STATUS_MAX = 512 * 1024,
    ENTRIES_MAX = 64 // that are told; there may be more
};

static const char *const states[SIGNER_STATES] = {
    [SIGNER_LOCKED] = "locked", [SIGNER_OPEN] = "open", [SIGNER_LOST] = "lost", [SIGNER_REFUSED] = "refused"};

static void member_number(struct json_writer *w, const char *name, unsigned long long value)
{
    json_name(w, name);
    json_integer(w, (long long)value);
}

static void write_failure(struct json_writer *w, const struct profile_status *profile)
{
    if (profile->last.code == SSA_OK) {
        json_name(w, "last_failure");
        json_null(w);
        return;
    }
    member_open(w, "last_failure", JSON_OBJECT);
    member_text(w, "error", failure_name(failure_of(&profile->last)));
    member_text(w, "error_description", profile->last.what);
    member_number(w, "exit_code", profile->last.code);
    member_text(w, "subject", profile->last.subject);
    member_text(w, "cause", profile->last.cause);
    member_number(w, "at", (unsigned long long)profile->failed_at);
    json_close(w, JSON_OBJECT);
}

static OWN_FRAME void write_profile(struct json_writer *w, struct service *service, size_t number)
{
    struct profile_status profile;
    service_profile_status(service, number, &profile);
    const struct link_status *signer = &profile.signer;
    json_open(w, JSON_OBJECT);
    member_text(w, "name", profile.name);
    member_bool(w, "locked", profile.locked);
    member_text(w, "signer", signer->state < SIGNER_STATES ? states[signer->state] : NULL);
    member_bool(w, "by_person", signer->by_person);
    member_text(w, "pin_socket", profile.pin_socket);
    member_text(w, "token_label", signer->label);
    member_text(w, "token_serial", signer->serial);
    member_text(w, "client_id", signer->client_id);
    member_text(w, "account", signer->account);
    member_text(w, "key_id", signer->key_id);
    member_number(w, "logins", signer->logins);
    member_number(w, "signatures", signer->signatures);
    member_number(w, "signer_starts", profile.signer_starts);
    member_number(w, "entries", profile.entries);
    member_number(w, "waiting", profile.waiting);
    member_number(w, "budget_left", profile.budget_left);
    write_failure(w, &profile);
    json_close(w, JSON_OBJECT);
}

// 0 means that there is no such time.
static void member_seconds(struct json_writer *w, const char *name, long long seconds)
{
    json_name(w, name);
    if (seconds == 0)
        json_null(w);
    else
        json_integer(w, seconds);
}

static bool write_entries(struct json_writer *w, struct service *service)
{
    struct entry_status *entries = malloc(ENTRIES_MAX * sizeof *entries);
    if (entries == NULL)
        return false;
    const size_t there = service_entries(service, entries, ENTRIES_MAX);
    member_number(w, "entries_in_all", there);
    member_open(w, "entries", JSON_ARRAY);
    for (size_t i = 0; i < there && i < ENTRIES_MAX; i++) {
        json_open(w, JSON_OBJECT);
        member_text(w, "profile", entries[i].profile);
        member_text(w, "scope", entries[i].scope);
        member_seconds(w, "expires_at", entries[i].expires);
        member_seconds(w, "renews_at", entries[i].renews);
        member_bool(w, "in_flight", entries[i].in_flight);
        json_close(w, JSON_OBJECT);
    }
    json_close(w, JSON_ARRAY);
    free(entries);
    return true;
}

static void write_counts(struct json_writer *w, struct service *service)
{
    const struct service_counts counts = service_counts(service);
    member_open(w, "counts", JSON_OBJECT);
    member_number(w, "served", counts.served);
    member_number(w, "from_cache", counts.from_cache);
    member_number(w, "fetched", counts.fetched);
    member_number(w, "renewed", counts.renewed);
    member_number(w, "failed", counts.failed);
    member_number(w, "signatures", counts.signatures);
    member_number(w, "upstream_requests", counts.upstream_requests);
    member_number(w, "rate_limited", counts.rate_limited);
    json_close(w, JSON_OBJECT);
}

static void write_ledgers(struct json_writer *w, struct guests *guests)
{
    (void)pthread_mutex_lock(&guests->mutex);
    for (size_t i = 0; i < CALLERS_MAX; i++) {
        const struct guest_ledger *ledger = &guests->ledgers[i];
        if (ledger->name[0] == '\0')
            continue;
        json_open(w, JSON_OBJECT);
        member_text(w, "name", ledger->name);
        member_number(w, "handed_out", ledger->handed_out);
        member_number(w, "refused", ledger->refused);
        json_close(w, JSON_OBJECT);
    }
    (void)pthread_mutex_unlock(&guests->mutex);
}

// Those who have asked since the start.
static void write_guests(struct json_writer *w, struct guests *guests)
{
    member_open(w, "callers", JSON_ARRAY);
    if (guests != NULL)
        write_ledgers(w, guests);
    json_close(w, JSON_ARRAY);
}

enum MHD_Result status_answer(struct http_server *server, struct connection *connection)
{
    struct service *service = server->config.service;
    SECRET_AUTO body = {0};
    struct json_writer w;
    if (!secret_new(&body, STATUS_MAX, ERROR_IGNORED) || !json_begin(&w, &body, false))
        return MHD_NO;
    json_open(&w, JSON_OBJECT);
    member_text(&w, "version", SSA_HSM_VERSION);
    member_number(&w, "pid", (unsigned long long)getpid());
    member_open(&w, "profiles", JSON_ARRAY);
    for (size_t i = 0; i < service_profile_count(service); i++)
        write_profile(&w, service, i);
    json_close(&w, JSON_ARRAY);
    const bool written = write_entries(&w, service);
    write_counts(&w, service);
    write_guests(&w, server->guests);
    json_close(&w, JSON_OBJECT);
    if (!json_end(&w, ERROR_IGNORED) || !written)
        return MHD_NO;
    return end_with(server, connection, FAILURE_NONE, reply_make(&body, REPLY_JSON), NULL);
}

enum health { HEALTH_OK, HEALTH_FAILING, HEALTH_LOST, HEALTH_LOCKED, HEALTHS };

static enum health health_of(const struct profile_status *profile)
{
    if (profile->locked || profile->signer.state == SIGNER_LOCKED || profile->signer.state == SIGNER_REFUSED)
        return HEALTH_LOCKED;
    if (profile->signer.state != SIGNER_OPEN)
        return HEALTH_LOST;
    return profile->last.code == SSA_OK ? HEALTH_OK : HEALTH_FAILING;
}

// Of several profiles, the worst counts.
enum MHD_Result health_answer(struct http_server *server, struct connection *connection)
{
    static const struct {
        const char *name;
        enum failure failed;
    } healths[HEALTHS] = {[HEALTH_OK] = {"ok", FAILURE_NONE},
                          [HEALTH_FAILING] = {"failing", FAILURE_UNAVAILABLE},
                          [HEALTH_LOST] = {"lost", FAILURE_LOST},
                          [HEALTH_LOCKED] = {"locked", FAILURE_UNAVAILABLE}};
    struct service *service = server->config.service;
    enum health worst = HEALTH_OK;
    for (size_t i = 0; i < service_profile_count(service); i++) {
        struct profile_status profile;
        service_profile_status(service, i, &profile);
        const enum health health = health_of(&profile);
        if (health > worst)
            worst = health;
    }
    struct MHD_Response *answer = reply_text("status", span_text(healths[worst].name));
    return end_with(server, connection, healths[worst].failed, answer, NULL);
}
