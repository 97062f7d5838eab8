#include "fake_service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/boot_clock.h"
#include "core/monotonic.h"
#include "core/text.h"

enum { LIFETIME_S = 3600, TOKEN_BYTES = 900 };

static struct access *cached;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool stopping, locked;
static atomic_long waiting;
static atomic_ullong served;

static struct access *make(const char *scope, long long lifetime_ms)
{
    struct ssa_error err = {0};
    char token[TOKEN_BYTES + 1];
    for (size_t i = 0; i < TOKEN_BYTES; i++)
        token[i] = (char)('a' + i % 26);
    token[TOKEN_BYTES] = '\0';
    struct access *access =
        access_new(span_text(token), text_present(scope) ? scope : "data:read data:write", boot_ms(), LIFETIME_S, &err);
    if (access == NULL)
        abort();
    access->ends_ms = access->obtained_ms + lifetime_ms;
    // One that ends at once has had a life.
    access->obtained_ms--;
    return access;
}

void fake_start(void)
{
    cached = make(NULL, LIFETIME_S * 1000LL);
}

void fake_stop(void)
{
    atomic_store(&stopping, true);
    while (atomic_load(&waiting) > 0)
        pause_ms(1);
    access_drop(cached);
}

static bool fail(struct ssa_error *err, const char *profile)
{
    unsigned class, reason, retry_after;
    if (sscanf(profile, "fails-%u-%u-%u", &class, &reason, &retry_after) == 3) {
        (void)error_set(err, (enum ssa_class) class, "CAUSE", "subject", "it \"fails\" \\ as told");
        return error_reason(err, (enum ssa_reason)reason, "%s", "detail");
    }
    (void)error_set(err, SSA_CONFIG, NULL, NULL, "the agent does not serve the profile \"%s\"", profile);
    return error_reason(err, SSA_REASON_AGENT_PROFILE, "%s", profile);
}

struct slow {
    struct slow *next; // of those that are under way
    bool given_up, called;
    unsigned ms;
    char scope[ACCESS_SCOPE_MAX];
    void (*later)(void *context, struct outcome *outcome);
    void *context;
};

static struct slow *under_way; // under the mutex

static void add(struct slow *slow)
{
    (void)pthread_mutex_lock(&mutex);
    slow->next = under_way;
    under_way = slow;
    (void)pthread_mutex_unlock(&mutex);
    (void)atomic_fetch_add(&waiting, 1);
}

// Returns whether it is still to be answered.
static bool begin_answer(struct slow *slow)
{
    (void)pthread_mutex_lock(&mutex);
    slow->called = !slow->given_up;
    (void)pthread_mutex_unlock(&mutex);
    return slow->called;
}

static void take_away(struct slow *slow)
{
    (void)pthread_mutex_lock(&mutex);
    struct slow **at = &under_way;
    while (*at != slow)
        at = &(*at)->next;
    *at = slow->next;
    (void)pthread_mutex_unlock(&mutex);
    free(slow);
}

bool service_give_up(struct service *service, const void *context)
{
    bool found = false;
    (void)service;
    (void)pthread_mutex_lock(&mutex);
    for (struct slow *slow = under_way; slow != NULL && !found; slow = slow->next) {
        found = slow->context == context && !slow->called && !slow->given_up;
        slow->given_up = slow->given_up || found;
    }
    (void)pthread_mutex_unlock(&mutex);
    if (found)
        (void)atomic_fetch_sub(&waiting, 1);
    return found;
}

static void *answer_slowly(void *context)
{
    struct slow *slow = context;
    struct outcome outcome = {.fresh = true};
    for (unsigned waited = 0; waited < slow->ms && !atomic_load(&stopping); waited += 5)
        pause_ms(slow->ms - waited < 5 ? slow->ms - waited : 5);
    if (atomic_load(&stopping))
        (void)error_because(&outcome.err, SSA_UNEXPECTED, SSA_REASON_AGENT_GONE, NULL, "the service has stopped");
    else
        outcome.access = make(slow->scope, LIFETIME_S * 1000LL);
    if (begin_answer(slow)) {
        slow->later(slow->context, &outcome);
        (void)atomic_fetch_sub(&waiting, 1);
    } else if (outcome.access != NULL) {
        access_drop(outcome.access);
    }
    take_away(slow);
    return NULL;
}

static enum service_answer later_answer(const struct demand *demand, unsigned ms,
                                        void (*later)(void *context, struct outcome *outcome), void *context)
{
    struct slow *slow = calloc(1, sizeof *slow);
    pthread_t thread;
    pthread_attr_t small;
    if (slow == NULL || !text_format(slow->scope, sizeof slow->scope, "%s", demand->scope ? demand->scope : ""))
        abort();
    slow->ms = ms;
    slow->later = later;
    slow->context = context;
    add(slow);
    if (pthread_attr_init(&small) != 0 || pthread_attr_setstacksize(&small, 128 * 1024) != 0 ||
        pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED) != 0 ||
        pthread_create(&thread, &small, answer_slowly, slow) != 0)
        abort();
    (void)pthread_attr_destroy(&small);
    return SERVICE_LATER;
}

enum service_answer service_token(struct service *service, const struct demand *demand, struct outcome *outcome,
                                  void (*later)(void *context, struct outcome *outcome), void *context)
{
    const char *profile = demand->profile == NULL ? "" : demand->profile;
    unsigned ms;
    (void)service;
    *outcome = (struct outcome){0};
    if (profile[0] == '\0' || strcmp(profile, "main") == 0) {
        (void)atomic_fetch_add(&served, 1);
        if (demand->force || text_present(demand->scope)) {
            outcome->access = make(demand->scope, LIFETIME_S * 1000LL);
        } else {
            (void)pthread_mutex_lock(&mutex);
            outcome->access = access_keep(cached);
            (void)pthread_mutex_unlock(&mutex);
        }
    } else if (sscanf(profile, "slow-%u", &ms) == 1) {
        return later_answer(demand, ms, later, context);
    } else if (sscanf(profile, "short-%u", &ms) == 1) {
        outcome->access = make(demand->scope, ms);
        // Else it were one whose end is not known.
        outcome->access->obtained_ms--;
    } else if (!fail(&outcome->err, profile)) {
        (void)sscanf(profile, "fails-%*u-%*u-%u", &outcome->retry_after);
    }
    return SERVICE_DONE;
}

bool service_assertion(struct service *service, const struct demand *demand, unsigned lifetime, bool not_before,
                       struct secret *assertion, struct ssa_error *err)
{
    char text[128];
    unsigned ms = 0;
    (void)service;
    if (demand->profile != NULL && sscanf(demand->profile, "slow-%u", &ms) != 1 && strcmp(demand->profile, "main") != 0)
        return fail(err, demand->profile);
    pause_ms(ms);
    return text_format(text, sizeof text, "head.%u-%s.signature", lifetime, not_before ? "nbf" : "none") &&
           secret_new(assertion, sizeof text, err) && secret_append_text(assertion, text);
}

bool service_lock(struct service *service, const char *profile, struct ssa_error *err)
{
    (void)service;
    if (profile != NULL && strcmp(profile, "main") != 0)
        return fail(err, profile);
    atomic_store(&locked, true);
    return true;
}

bool service_retry(struct service *service, const char *profile, struct ssa_error *err)
{
    (void)profile;
    return service_unlock(service, "main", err);
}

bool service_unlock(struct service *service, const char *profile, struct ssa_error *err)
{
    (void)service;
    if (profile != NULL && strcmp(profile, "person") == 0) {
        (void)error_set(err, SSA_PIN, NULL, NULL, "a person must unlock it");
        return error_reason(err, SSA_REASON_AGENT_LOCKED, "%s", "/run/user/0/ssa-hsm/person.pin");
    }
    if (profile != NULL && strcmp(profile, "main") != 0)
        return fail(err, profile);
    atomic_store(&locked, false);
    return true;
}

size_t service_profile_count(const struct service *service)
{
    (void)service;
    return 1;
}

void service_profile_status(struct service *service, size_t profile, struct profile_status *status)
{
    (void)service;
    (void)profile;
    *status = (struct profile_status){.name = "main",
                                      .pin_socket = "/run/main.pin",
                                      .locked = atomic_load(&locked),
                                      .signer = {.state = SIGNER_OPEN, .label = "a \"token\"", .logins = 1},
                                      .signer_starts = 1,
                                      .entries = 1,
                                      .waiting = (size_t)atomic_load(&waiting),
                                      .budget_left = 9};
}

size_t service_entries(struct service *service, struct entry_status *entries, size_t most)
{
    (void)service;
    if (most > 0)
        entries[0] = (struct entry_status){
            .profile = "main", .scope = "data:read data:write", .expires = cached->expires, .renews = 0};
    return 1;
}

struct service_counts service_counts(struct service *service)
{
    (void)service;
    return (struct service_counts){.served = atomic_load(&served), .signatures = 1};
}
