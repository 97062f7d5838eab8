// What the service hands out when, with a signer and an API that are made up, and what many threads at once do.
#include "core/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/fake_upstream.h"
#include "agent/service_fixture.h"
#include "core/monotonic.h"
#include "core/text.h"

static void the_second_one_is_from_the_cache(void **state)
{
    (void)state;
    struct ssa_error err;
    served_start();
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    assert_true(heard.fresh);
    assert_string_equal(heard.token, "T0");
    SUCCEEDS(served_get(&(struct demand){.profile = "a", .scope = "data:read,data:read"}, &err));
    assert_false(heard.fresh);
    assert_string_equal(heard.token, "T0");
    SUCCEEDS(served_get(&(struct demand){.scope = "data:write data:read"}, &err));
    assert_string_equal(heard.token, "T1");
    SUCCEEDS(served_get(&(struct demand){.scope = "data:read data:write"}, &err));
    assert_string_equal(heard.token, "T1");
    SUCCEEDS(served_get(&(struct demand){.force = true}, &err));
    assert_string_equal(heard.token, "T2");
    const struct service_counts counts = service_counts(served);
    assert_int_equal(counts.served, 5);
    assert_int_equal(counts.from_cache, 2);
    assert_int_equal(counts.fetched, 3);
    assert_int_equal(counts.signatures, 3);
    assert_int_equal(counts.upstream_requests, 3);
    struct entry_status entries[1];
    assert_int_equal(service_entries(served, entries, 1), 2);
    assert_string_equal(entries[0].scope, "data:read");
    assert_true(entries[0].expires > time(NULL) + 3500);
}

static void a_thousand_callers_cost_one_signature_and_one_request(void **state)
{
    (void)state;
    struct outcome outcome;
    atomic_store(&fake.sign_ms, 100);
    served_start();
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(service_token(served, &(struct demand){0}, &outcome, served_later, &heard), SERVICE_LATER);
    served_wait(1000);
    assert_int_equal(heard.given, 1000);
    assert_int_equal(atomic_load(&fake.signatures), 1);
    assert_int_equal(atomic_load(&fake.exchanges), 1);
}

static void who_gives_up_is_not_answered(void **state)
{
    (void)state;
    struct outcome outcome;
    struct heard gone = {.mutex = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};
    atomic_store(&fake.sign_ms, 100);
    served_start();
    assert_int_equal(service_token(served, &(struct demand){0}, &outcome, served_later, &heard), SERVICE_LATER);
    assert_int_equal(service_token(served, &(struct demand){0}, &outcome, served_later, &gone), SERVICE_LATER);
    assert_int_equal(served_status(0).waiting, 2);
    assert_true(service_give_up(served, &gone));
    assert_int_equal(served_status(0).waiting, 1);
    assert_false(service_give_up(served, &gone));
    served_wait(1);
    assert_int_equal(gone.count, 0);
    // He was answered.
    assert_false(service_give_up(served, &heard));
    assert_int_equal(service_counts(served).served, 1);
    assert_int_equal(service_counts(served).failed, 1);
}

static void demands_that_cannot_be_met_are_refused_at_once(void **state)
{
    (void)state;
    struct ssa_error err;
    served_start();
    FAILS(served_get(&(struct demand){.profile = "b"}, &err), SSA_CONFIG, "does not serve");
    assert_int_equal(err.reason, SSA_REASON_AGENT_PROFILE);
    FAILS(served_get(&(struct demand){.scope = "a\"b"}, &err), SSA_USAGE, "");
    FAILS(served_get(&(struct demand){.client_id = "other"}, &err), SSA_CONFIG, "another client id");
    FAILS(served_get(&(struct demand){.account = "other"}, &err), SSA_CONFIG, "another service account");
    FAILS(served_get(&(struct demand){.base_url = "https://example.org"}, &err), SSA_CONFIG, "another address");
    assert_int_equal(err.reason, SSA_REASON_AGENT_DIFFERS);
    // Without a scope, it is the profile's.
    FAILS(served_get(&(struct demand){.within = "data:search"}, &err), SSA_REFUSED, "may not have");
    FAILS(served_get(&(struct demand){.within = "data:search", .scope = "data:read"}, &err), SSA_REFUSED,
          "may not have");
    assert_int_equal(err.reason, SSA_REASON_AGENT_REFUSES);
    SUCCEEDS(served_get(&(struct demand){.client_id = "client",
                                         .account = "account",
                                         .base_url = "https://developer.api.autodesk.com/"},
                        &err));
}

static void failures_of_the_api_are_told_and_not_repeated(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.refuses, SSA_REFUSED);
    served_start();
    FAILS(served_get(&(struct demand){0}, &err), SSA_REFUSED, "refused");
    FAILS(served_get(&(struct demand){0}, &err), SSA_REFUSED, "refused");
    assert_int_equal(atomic_load(&fake.exchanges), 1);
    assert_int_equal(served_status(0).last.code, SSA_REFUSED);
    atomic_store(&fake.refuses, SSA_OK);
    SUCCEEDS(service_unlock(served, NULL, &err));
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    assert_int_equal(served_status(0).last.code, SSA_OK);
}

static void an_assertion_that_did_not_get_through_is_sent_again(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.refuses, SSA_NETWORK);
    served_start();
    FAILS(served_get(&(struct demand){0}, &err), SSA_NETWORK, "");
    assert_int_equal(atomic_load(&fake.exchanges), 3);
    assert_int_equal(atomic_load(&fake.signatures), 1);
    atomic_store(&fake.refuses, SSA_OK);
    SUCCEEDS(service_unlock(served, NULL, &err));
    SUCCEEDS(served_get(&(struct demand){.scope = "another"}, &err));
    assert_int_equal(atomic_load(&fake.signatures), 2);
    SUCCEEDS(served_get(&(struct demand){.scope = "another", .force = true}, &err));
    assert_int_equal(atomic_load(&fake.signatures), 3);
}

static void a_wait_ends_with_the_callers_patience(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.exchange_ms, 2000);
    served_start();
    const long long since = monotonic_ms();
    FAILS(served_get(&(struct demand){.patience_ms = 100}, &err), SSA_NETWORK, "was not fetched in time");
    assert_true(monotonic_ms() - since >= 100 && monotonic_ms() - since < 1500);
}

static void after_its_end_it_answers_and_gives_nothing(void **state)
{
    (void)state;
    struct ssa_error err;
    struct outcome outcome;
    SECRET_AUTO assertion = {0};
    atomic_store(&fake.exchange_ms, 10000);
    served_start();
    SUCCEEDS(service_assertion(served, &(struct demand){0}, 0, false, &assertion, &err));
    assert_string_equal(secret_text(&assertion), "data:read");
    assert_int_equal(service_token(served, &(struct demand){0}, &outcome, served_later, &heard), SERVICE_LATER);
    service_stop(served);
    served_wait(1);
    assert_int_equal(heard.given, 0);
    FAILS(served_get(&(struct demand){0}, &err), SSA_UNEXPECTED, "stops");
    FAILS(service_lock(served, NULL, &err), SSA_UNEXPECTED, "stops");
    assert_int_equal(served_status(0).entries, 0);
}

// Many threads at once.

static atomic_bool enough;
static atomic_ulong asked, given;

static void count(void *context, struct outcome *outcome)
{
    (void)context;
    (void)atomic_fetch_add(&given, 1);
    access_drop(outcome->access);
}

static void *ask_again_and_again(void *context)
{
    static const char *const profiles[] = {"a", "b", "c"};
    unsigned seed = (unsigned)(uintptr_t)context;
    while (!atomic_load(&enough)) {
        char scope[32];
        struct outcome outcome;
        const unsigned random = (unsigned)rand_r(&seed);
        (void)text_format(scope, sizeof scope, "scope:%u", random % 20);
        const struct demand demand = {.profile = profiles[random / 32 % 3],
                                      .scope = scope,
                                      .force = random / 128 % 64 == 0,
                                      .min_ttl = random / 8192 % 16 == 0 ? 30 : 0,
                                      .patience_ms = 1 + random % 500};
        (void)atomic_fetch_add(&asked, 1);
        if (service_token(served, &demand, &outcome, count, NULL) == SERVICE_DONE)
            count(NULL, &outcome);
        if (random % 16 == 0)
            pause_ms(1);
    }
    return NULL;
}

static void *disturb(void *context)
{
    unsigned seed = 1;
    struct ssa_error err;
    struct entry_status *entries = context;
    while (!atomic_load(&enough)) {
        struct profile_status status;
        SECRET_AUTO assertion = {0};
        pause_ms(10);
        switch (rand_r(&seed) % 6) {
        case 0:
            (void)!service_lock(served, rand_r(&seed) % 2 == 0 ? "b" : NULL, &err);
            (void)!service_unlock(served, NULL, &err);
            break;
        case 1:
            atomic_store(&fake.away, rand_r(&seed) % 2 == 0);
            break;
        case 2:
            atomic_store(&fake.refuses, rand_r(&seed) % 2 == 0 ? SSA_OK : SSA_NETWORK);
            break;
        case 3:
            (void)!service_assertion(served, &(struct demand){.profile = "c"}, 0, false, &assertion, &err);
            break;
        case 4:
            served_profile("c", rand_r(&seed) % 2 == 0 ? PROFILE("client", "account", "key2", "secret")
                                                       : PROFILE("client", "account", "key", "secret"));
            break;
        default:
            service_profile_status(served, (size_t)rand_r(&seed) % 3, &status);
            (void)service_entries(served, entries, 16);
            (void)service_counts(served);
            break;
        }
    }
    return NULL;
}

static void many_threads_at_once(void **state)
{
    (void)state;
    enum { THREADS = 6, LENGTH_MS = 1000 };
    static const char *const three[] = {"a", "b", "c"};
    static struct entry_status entries[16];
    pthread_t threads[THREADS + 1];
    served_profile("a", PROFILE("client", "account", "key", "secret"));
    served_profile("b", PROFILE("client", "account", "key", "secret"));
    served_profile("c", PROFILE("client", "account", "key", "secret"));
    atomic_store(&fake.lifetime, 2);
    atomic_store(&fake.exchange_ms, 2);
    served_start_with(three, 3, 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again, (void *)(uintptr_t)(i + 1)), 0);
    assert_int_equal(pthread_create(&threads[THREADS], NULL, disturb, entries), 0);
    pause_ms(LENGTH_MS);
    // It is stopped while they ask on.
    service_stop(served);
    pause_ms(20);
    atomic_store(&enough, true);
    for (size_t i = 0; i <= THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    // Everybody was answered, once.
    assert_true(atomic_load(&given) == atomic_load(&asked));
    assert_true(service_counts(served).from_cache > 0);
    assert_true(atomic_load(&fake.most_exchanging) <= 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, served_begin, served_end)
    const struct CMUnitTest tests[] = {
        TEST(the_second_one_is_from_the_cache),
        TEST(a_thousand_callers_cost_one_signature_and_one_request),
        TEST(who_gives_up_is_not_answered),
        TEST(demands_that_cannot_be_met_are_refused_at_once),
        TEST(failures_of_the_api_are_told_and_not_repeated),
        TEST(an_assertion_that_did_not_get_through_is_sent_again),
        TEST(a_wait_ends_with_the_callers_patience),
        TEST(after_its_end_it_answers_and_gives_nothing),
        TEST(many_threads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
