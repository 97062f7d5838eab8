// The service with a signer and an API that are made up: what is handed out when, and what many threads at once do.
#include "core/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/fake_upstream.h"
#include "agent/service/service.h"
#include "config/settings.h"
#include "core/monotonic.h"
#include "core/text.h"

#define PROFILE(client, account, key, secret)                                                                          \
    "APS_CLIENT_ID=" client "\nAPS_SECRET_ID='" secret "'\nSERVICE_ACCOUNT_ID=" account "\nKEY_ID=" key                \
    "\nSSA_EMAIL=a@b\nPRIVATE_KEY='pkcs11:token=a;object=b;type=private'\nSSA_HSM_SCOPE='data:read'\n"

enum { SOON_MS = 5000 };

static struct ssa_settings *settings;
static struct service *service;
static atomic_uint told_warnings;

// What callers that wait have got.
struct heard {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    unsigned count, given;
    struct ssa_error err; // the last one
    char token[64];       // the last one
    bool fresh;
};
static struct heard heard = {.mutex = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void later(void *context, struct outcome *outcome)
{
    struct heard *h = context;
    (void)pthread_mutex_lock(&h->mutex);
    h->count++;
    h->given += outcome->access != NULL;
    h->err = outcome->err;
    h->fresh = outcome->fresh;
    if (outcome->access != NULL)
        (void)text_format(h->token, sizeof h->token, "%s", secret_text(&outcome->access->token));
    (void)pthread_cond_signal(&h->more);
    (void)pthread_mutex_unlock(&h->mutex);
    access_drop(outcome->access);
}

static void wait_for(unsigned count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&heard.mutex);
    while (heard.count < count && pthread_cond_timedwait(&heard.more, &heard.mutex, &until) == 0)
        continue;
    const unsigned got = heard.count;
    (void)pthread_mutex_unlock(&heard.mutex);
    assert_int_equal(got, count);
}

static void tell_line(void *context, enum ssa_level level, const char *line)
{
    (void)context;
    (void)line;
    if (level == SSA_WARNING)
        (void)atomic_fetch_add(&told_warnings, 1);
}

static int begin(void **state)
{
    static char *environment[] = {NULL};
    struct ssa_error err;
    if (unit_folder(state) != 0)
        return -1;
    fake_reset();
    atomic_store(&told_warnings, 0);
    heard.count = heard.given = 0;
    settings = ssa_settings_new();
    return settings != NULL && ssa_settings_environment(settings, environment, false, &err) ? 0 : -1;
}

static int end(void **state)
{
    if (service != NULL) {
        service_stop(service);
        service_free(service);
    }
    service = NULL;
    ssa_settings_free(settings);
    return unit_folder_gone(state);
}

static void write_profile(const char *name, const char *text)
{
    char path[64];
    assert_true(text_format(path, sizeof path, "config/ssa-hsm/%s.env", name));
    (void)unit_write(path, text, 0600);
    (void)chmod(unit_path("config/ssa-hsm"), 0700);
}

static void start_with(const char *const *profiles, size_t count, unsigned lock_after)
{
    struct ssa_error err;
    const struct service_config config = {.profiles = profiles,
                                          .profile_count = count,
                                          .folder = unit_in,
                                          .lock_after = lock_after,
                                          .run = {.settings = settings},
                                          .tell = tell_line};
    SUCCEEDS(service_start(&config, &service, &err));
}

static void start(void)
{
    static const char *const one[] = {"a"};
    write_profile("a", PROFILE("client", "account", "key", "secret"));
    start_with(one, 1, 0);
}

// Asks, and waits for the answer where it comes later.
static bool get(const struct demand *demand, struct ssa_error *err)
{
    static char token[64];
    struct outcome outcome;
    const unsigned before = heard.count, given = heard.given;
    if (service_token(service, demand, &outcome, later, &heard) == SERVICE_LATER) {
        wait_for(before + 1);
        *err = heard.err;
        return heard.given > given;
    }
    *err = outcome.err;
    if (outcome.access == NULL)
        return false;
    (void)text_format(token, sizeof token, "%s", secret_text(&outcome.access->token));
    memcpy(heard.token, token, sizeof token);
    heard.fresh = outcome.fresh;
    access_drop(outcome.access);
    return true;
}

static struct profile_status status_of(size_t profile)
{
    struct profile_status status;
    service_profile_status(service, profile, &status);
    return status;
}

static void the_second_one_is_from_the_cache(void **state)
{
    (void)state;
    struct ssa_error err;
    start();
    SUCCEEDS(get(&(struct demand){0}, &err));
    assert_true(heard.fresh);
    assert_string_equal(heard.token, "T0");
    SUCCEEDS(get(&(struct demand){.profile = "a", .scope = "data:read,data:read"}, &err));
    assert_false(heard.fresh);
    assert_string_equal(heard.token, "T0");
    SUCCEEDS(get(&(struct demand){.scope = "data:write data:read"}, &err));
    assert_string_equal(heard.token, "T1");
    SUCCEEDS(get(&(struct demand){.scope = "data:read data:write"}, &err));
    assert_string_equal(heard.token, "T1");
    SUCCEEDS(get(&(struct demand){.force = true}, &err));
    assert_string_equal(heard.token, "T2");
    const struct service_counts counts = service_counts(service);
    assert_int_equal(counts.served, 5);
    assert_int_equal(counts.from_cache, 2);
    assert_int_equal(counts.fetched, 3);
    assert_int_equal(counts.signatures, 3);
    assert_int_equal(counts.upstream_requests, 3);
    struct entry_status entries[1];
    assert_int_equal(service_entries(service, entries, 1), 2);
    assert_string_equal(entries[0].scope, "data:read");
    assert_true(entries[0].expires > time(NULL) + 3500);
}

static void a_thousand_callers_cost_one_signature_and_one_request(void **state)
{
    (void)state;
    struct outcome outcome;
    atomic_store(&fake.sign_ms, 100);
    start();
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(service_token(service, &(struct demand){0}, &outcome, later, &heard), SERVICE_LATER);
    wait_for(1000);
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
    start();
    assert_int_equal(service_token(service, &(struct demand){0}, &outcome, later, &heard), SERVICE_LATER);
    assert_int_equal(service_token(service, &(struct demand){0}, &outcome, later, &gone), SERVICE_LATER);
    assert_int_equal(status_of(0).waiting, 2);
    assert_true(service_give_up(service, &gone));
    assert_int_equal(status_of(0).waiting, 1);
    assert_false(service_give_up(service, &gone));
    wait_for(1);
    assert_int_equal(gone.count, 0);
    // He was answered.
    assert_false(service_give_up(service, &heard));
    assert_int_equal(service_counts(service).served, 1);
    assert_int_equal(service_counts(service).failed, 1);
}

static void demands_that_cannot_be_met_are_refused_at_once(void **state)
{
    (void)state;
    struct ssa_error err;
    start();
    FAILS(get(&(struct demand){.profile = "b"}, &err), SSA_CONFIG, "does not serve");
    assert_int_equal(err.reason, SSA_REASON_AGENT_PROFILE);
    FAILS(get(&(struct demand){.scope = "a\"b"}, &err), SSA_USAGE, "");
    FAILS(get(&(struct demand){.client_id = "other"}, &err), SSA_CONFIG, "another client id");
    FAILS(get(&(struct demand){.account = "other"}, &err), SSA_CONFIG, "another service account");
    FAILS(get(&(struct demand){.base_url = "https://example.org"}, &err), SSA_CONFIG, "another address");
    assert_int_equal(err.reason, SSA_REASON_AGENT_DIFFERS);
    // Without a scope, it is the profile's.
    FAILS(get(&(struct demand){.within = "data:search"}, &err), SSA_REFUSED, "may not have");
    FAILS(get(&(struct demand){.within = "data:search", .scope = "data:read"}, &err), SSA_REFUSED, "may not have");
    assert_int_equal(err.reason, SSA_REASON_AGENT_REFUSES);
    SUCCEEDS(get(&(struct demand){.client_id = "client",
                                  .account = "account",
                                  .base_url = "https://developer.api.autodesk.com/"},
                 &err));
}

static void a_locked_profile_hands_out_nothing(void **state)
{
    (void)state;
    struct ssa_error err;
    start();
    SUCCEEDS(get(&(struct demand){0}, &err));
    SUCCEEDS(service_lock(service, NULL, &err));
    assert_true(status_of(0).locked);
    assert_int_equal(status_of(0).entries, 0);
    assert_int_equal(atomic_load(&fake.state), SIGNER_LOCKED);
    FAILS(get(&(struct demand){0}, &err), SSA_PIN, "locked");
    assert_int_equal(err.reason, SSA_REASON_AGENT_LOCKED);
    FAILS(service_assertion(service, &(struct demand){0}, 0, false, &(struct secret){0}, &err), SSA_PIN, "locked");
    SUCCEEDS(service_unlock(service, "a", &err));
    SUCCEEDS(get(&(struct demand){0}, &err));
    assert_string_equal(heard.token, "T1");
}

// Its first login may take long.
static void a_signer_that_has_not_answered_yet_is_not_locked(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO assertion = {0};
    atomic_store(&fake.silent, true);
    start();
    FAILS(service_assertion(service, &(struct demand){0}, 0, false, &assertion, &err), SSA_UNEXPECTED,
          "did not answer in time");
    assert_false(status_of(0).locked);
    assert_int_equal(status_of(0).signer.state, SIGNER_LOST);
    atomic_store(&fake.silent, false);
    SUCCEEDS(service_assertion(service, &(struct demand){0}, 0, false, &assertion, &err));
    assert_int_equal(status_of(0).signer.state, SIGNER_OPEN);
}

static void those_who_wait_are_answered_when_it_is_locked(void **state)
{
    (void)state;
    struct ssa_error err;
    struct outcome outcome;
    atomic_store(&fake.exchange_ms, 10000);
    start();
    const long long since = monotonic_ms();
    assert_int_equal(service_token(service, &(struct demand){0}, &outcome, later, &heard), SERVICE_LATER);
    pause_ms(50);
    SUCCEEDS(service_lock(service, NULL, &err));
    wait_for(1);
    assert_int_equal(heard.given, 0);
    assert_int_equal(heard.err.reason, SSA_REASON_AGENT_LOCKED);
    assert_true(monotonic_ms() - since < SOON_MS);
    atomic_store(&fake.exchange_ms, 0);
    SUCCEEDS(service_unlock(service, NULL, &err));
    SUCCEEDS(get(&(struct demand){0}, &err));
}

static void only_a_person_unlocks_what_a_person_has_to_unlock(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.by_person, true);
    atomic_store(&fake.state, SIGNER_LOCKED);
    start();
    FAILS(service_unlock(service, NULL, &err), SSA_PIN, "locked");
    assert_non_null(strstr(err.detail, "/a.pin"));
    FAILS(get(&(struct demand){0}, &err), SSA_PIN, "locked");
    // Somebody gave the PIN.
    atomic_store(&fake.state, SIGNER_OPEN);
    SUCCEEDS(service_unlock(service, NULL, &err));
    SUCCEEDS(get(&(struct demand){0}, &err));
}

static void a_person_may_unlock_it_without_saying_so(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.by_person, true);
    start();
    SUCCEEDS(service_lock(service, NULL, &err));
    FAILS(service_unlock(service, NULL, &err), SSA_PIN, "locked");
    atomic_store(&fake.state, SIGNER_OPEN);
    for (unsigned i = 0; i < 100 && status_of(0).locked; i++)
        pause_ms(50);
    SUCCEEDS(get(&(struct demand){0}, &err));
}

static void a_token_that_is_pulled_out_locks_where_a_person_is_needed(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.by_person, true);
    start();
    SUCCEEDS(get(&(struct demand){0}, &err));
    atomic_store(&fake.away, true);
    FAILS(get(&(struct demand){.force = true}, &err), SSA_PIN, "locked");
    FAILS(get(&(struct demand){0}, &err), SSA_PIN, "locked");
    // The caller is told before the fetch has ended.
    for (unsigned i = 0; i < 100 && status_of(0).entries > 0; i++)
        pause_ms(10);
    assert_int_equal(status_of(0).entries, 0);
    assert_true(atomic_load(&told_warnings) >= 1);
}

static void a_token_that_is_pulled_out_comes_back_by_itself_where_no_person_is_needed(void **state)
{
    (void)state;
    struct ssa_error err;
    start();
    SUCCEEDS(get(&(struct demand){0}, &err));
    atomic_store(&fake.away, true);
    FAILS(get(&(struct demand){.force = true}, &err), SSA_ABSENT, "");
    assert_int_equal(err.reason, SSA_REASON_AGENT_LOST);
    SUCCEEDS(get(&(struct demand){0}, &err));
    assert_string_equal(heard.token, "T0");
    atomic_store(&fake.away, false);
    // The back-off would be over by itself, too.
    SUCCEEDS(service_unlock(service, NULL, &err));
    SUCCEEDS(get(&(struct demand){.force = true}, &err));
}

static void failures_of_the_api_are_told_and_not_repeated(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.refuses, SSA_REFUSED);
    start();
    FAILS(get(&(struct demand){0}, &err), SSA_REFUSED, "refused");
    FAILS(get(&(struct demand){0}, &err), SSA_REFUSED, "refused");
    assert_int_equal(atomic_load(&fake.exchanges), 1);
    assert_int_equal(status_of(0).last.code, SSA_REFUSED);
    atomic_store(&fake.refuses, SSA_OK);
    SUCCEEDS(service_unlock(service, NULL, &err));
    SUCCEEDS(get(&(struct demand){0}, &err));
    assert_int_equal(status_of(0).last.code, SSA_OK);
}

static void an_assertion_that_did_not_get_through_is_sent_again(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.refuses, SSA_NETWORK);
    start();
    FAILS(get(&(struct demand){0}, &err), SSA_NETWORK, "");
    assert_int_equal(atomic_load(&fake.exchanges), 3);
    assert_int_equal(atomic_load(&fake.signatures), 1);
    atomic_store(&fake.refuses, SSA_OK);
    SUCCEEDS(service_unlock(service, NULL, &err));
    SUCCEEDS(get(&(struct demand){.scope = "another"}, &err));
    assert_int_equal(atomic_load(&fake.signatures), 2);
    SUCCEEDS(get(&(struct demand){.scope = "another", .force = true}, &err));
    assert_int_equal(atomic_load(&fake.signatures), 3);
}

static void a_rotated_key_is_noticed(void **state)
{
    (void)state;
    struct ssa_error err;
    start();
    SUCCEEDS(get(&(struct demand){0}, &err));
    write_profile("a", PROFILE("client", "account", "other", "secret"));
    SUCCEEDS(get(&(struct demand){0}, &err));
    assert_string_equal(heard.token, "T0");
    // Access tokens of another account are not this one's.
    (void)text_format(fake.account, sizeof fake.account, "another");
    write_profile("a", PROFILE("client", "another", "key", "secret"));
    SUCCEEDS(get(&(struct demand){.force = true}, &err));
    SUCCEEDS(get(&(struct demand){.account = "another"}, &err));
    assert_string_equal(heard.token, "T1");
    // One that cannot be read changes nothing.
    write_profile("a", "APS_CLIENT_ID='unfinished");
    SUCCEEDS(get(&(struct demand){.account = "another", .force = true}, &err));
}

static void who_knows_the_new_profile_already_is_not_refused_for_long(void **state)
{
    (void)state;
    struct ssa_error err;
    bool done = false;
    start();
    SUCCEEDS(get(&(struct demand){0}, &err));
    (void)text_format(fake.account, sizeof fake.account, "another");
    write_profile("a", PROFILE("client", "another", "key", "secret"));
    for (long long until = monotonic_ms() + SOON_MS / 2; !done && monotonic_ms() < until; pause_ms(20))
        done = get(&(struct demand){.account = "another"}, &err);
    assert_true(done);
}

static void a_profile_that_could_not_be_read_for_want_of_descriptors_is_read_later(void **state)
{
    (void)state;
    struct ssa_error err;
    struct rlimit limit;
    bool lacked = false;
    start();
    SUCCEEDS(get(&(struct demand){0}, &err));
    (void)text_format(fake.account, sizeof fake.account, "another");
    write_profile("new", PROFILE("client", "another", "key", "secret"));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_max = limit.rlim_max}), 0);
    assert_int_equal(rename(unit_path("config/ssa-hsm/new.env"), unit_path("config/ssa-hsm/a.env")), 0);
    for (long long until = monotonic_ms() + SOON_MS; !lacked && monotonic_ms() < until; pause_ms(20)) {
        (void)get(&(struct demand){.account = "another"}, &err);
        lacked = atomic_load(&told_warnings) > 0;
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(lacked);
    bool done = false;
    for (long long until = monotonic_ms() + SOON_MS; !done && monotonic_ms() < until; pause_ms(20))
        done = get(&(struct demand){.account = "another"}, &err);
    assert_true(done);
    assert_int_equal(atomic_load(&told_warnings), 1);
}

static void a_client_secret_is_read_again_where_it_may_have_changed(void **state)
{
    (void)state;
    static const char *const one[] = {"a"};
    char profile[512];
    struct ssa_error err;
    const char *file = unit_write("secret", "old\n", 0600);
    assert_true(text_format(profile, sizeof profile, PROFILE("client", "account", "key", "file:%s"), file));
    write_profile("a", profile);
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "old");
    start_with(one, 1, 0);
    SUCCEEDS(get(&(struct demand){0}, &err));
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "newer");
    (void)unit_write("secret", "newer\n", 0600);
    SUCCEEDS(get(&(struct demand){.force = true}, &err));
    const unsigned long before = atomic_load(&fake.exchanges);
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "unknown");
    FAILS(get(&(struct demand){.force = true}, &err), SSA_CREDENTIALS, "");
    assert_int_equal(atomic_load(&fake.exchanges), before + 1);
}

static void a_client_secret_on_the_token_is_forgotten_with_the_pin(void **state)
{
    (void)state;
    static const char *const one[] = {"a"};
    struct ssa_error err;
    write_profile("a", PROFILE("client", "account", "key", "pkcs11:token=a;object=secret;type=data"));
    (void)text_format(fake.secret_on_token, sizeof fake.secret_on_token, "first");
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "first");
    start_with(one, 1, 0);
    SUCCEEDS(get(&(struct demand){0}, &err));
    SUCCEEDS(get(&(struct demand){.force = true}, &err));
    assert_int_equal(atomic_load(&fake.secrets), 1);
    SUCCEEDS(service_lock(service, NULL, &err));
    SUCCEEDS(service_unlock(service, NULL, &err));
    SUCCEEDS(get(&(struct demand){0}, &err));
    assert_int_equal(atomic_load(&fake.secrets), 2);
    // The API refuses it: it is read once more, and is another one.
    (void)text_format(fake.secret_on_token, sizeof fake.secret_on_token, "second");
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "second");
    SUCCEEDS(get(&(struct demand){.force = true}, &err));
    assert_int_equal(atomic_load(&fake.secrets), 3);
}

static void a_wait_ends_with_the_callers_patience(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.exchange_ms, 2000);
    start();
    const long long since = monotonic_ms();
    FAILS(get(&(struct demand){.patience_ms = 100}, &err), SSA_NETWORK, "was not fetched in time");
    assert_true(monotonic_ms() - since >= 100 && monotonic_ms() - since < 1500);
}

static void what_nobody_uses_is_locked(void **state)
{
    (void)state;
    static const char *const one[] = {"a"};
    struct ssa_error err;
    write_profile("a", PROFILE("client", "account", "key", "secret"));
    start_with(one, 1, 1);
    SUCCEEDS(get(&(struct demand){0}, &err));
    assert_false(status_of(0).locked);
    for (unsigned i = 0; i < 100 && !status_of(0).locked; i++)
        pause_ms(50);
    assert_true(status_of(0).locked);
    assert_int_equal(status_of(0).entries, 0);
}

static void after_its_end_it_answers_and_gives_nothing(void **state)
{
    (void)state;
    struct ssa_error err;
    struct outcome outcome;
    SECRET_AUTO assertion = {0};
    atomic_store(&fake.exchange_ms, 10000);
    start();
    SUCCEEDS(service_assertion(service, &(struct demand){0}, 0, false, &assertion, &err));
    assert_string_equal(secret_text(&assertion), "data:read");
    assert_int_equal(service_token(service, &(struct demand){0}, &outcome, later, &heard), SERVICE_LATER);
    service_stop(service);
    wait_for(1);
    assert_int_equal(heard.given, 0);
    FAILS(get(&(struct demand){0}, &err), SSA_UNEXPECTED, "stops");
    FAILS(service_lock(service, NULL, &err), SSA_UNEXPECTED, "stops");
    assert_int_equal(status_of(0).entries, 0);
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
        if (service_token(service, &demand, &outcome, count, NULL) == SERVICE_DONE)
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
            (void)!service_lock(service, rand_r(&seed) % 2 == 0 ? "b" : NULL, &err);
            (void)!service_unlock(service, NULL, &err);
            break;
        case 1:
            atomic_store(&fake.away, rand_r(&seed) % 2 == 0);
            break;
        case 2:
            atomic_store(&fake.refuses, rand_r(&seed) % 2 == 0 ? SSA_OK : SSA_NETWORK);
            break;
        case 3:
            (void)!service_assertion(service, &(struct demand){.profile = "c"}, 0, false, &assertion, &err);
            break;
        case 4:
            write_profile("c", rand_r(&seed) % 2 == 0 ? PROFILE("client", "account", "key2", "secret")
                                                      : PROFILE("client", "account", "key", "secret"));
            break;
        default:
            service_profile_status(service, (size_t)rand_r(&seed) % 3, &status);
            (void)service_entries(service, entries, 16);
            (void)service_counts(service);
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
    write_profile("a", PROFILE("client", "account", "key", "secret"));
    write_profile("b", PROFILE("client", "account", "key", "secret"));
    write_profile("c", PROFILE("client", "account", "key", "secret"));
    atomic_store(&fake.lifetime, 2);
    atomic_store(&fake.exchange_ms, 2);
    start_with(three, 3, 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again, (void *)(uintptr_t)(i + 1)), 0);
    assert_int_equal(pthread_create(&threads[THREADS], NULL, disturb, entries), 0);
    pause_ms(LENGTH_MS);
    // It is stopped while they ask on.
    service_stop(service);
    pause_ms(20);
    atomic_store(&enough, true);
    for (size_t i = 0; i <= THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    // Everybody was answered, once.
    assert_true(atomic_load(&given) == atomic_load(&asked));
    assert_true(service_counts(service).from_cache > 0);
    assert_true(atomic_load(&fake.most_exchanging) <= 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_second_one_is_from_the_cache),
        TEST(a_thousand_callers_cost_one_signature_and_one_request),
        TEST(who_gives_up_is_not_answered),
        TEST(demands_that_cannot_be_met_are_refused_at_once),
        TEST(a_locked_profile_hands_out_nothing),
        TEST(a_signer_that_has_not_answered_yet_is_not_locked),
        TEST(those_who_wait_are_answered_when_it_is_locked),
        TEST(only_a_person_unlocks_what_a_person_has_to_unlock),
        TEST(a_person_may_unlock_it_without_saying_so),
        TEST(a_token_that_is_pulled_out_locks_where_a_person_is_needed),
        TEST(a_token_that_is_pulled_out_comes_back_by_itself_where_no_person_is_needed),
        TEST(failures_of_the_api_are_told_and_not_repeated),
        TEST(an_assertion_that_did_not_get_through_is_sent_again),
        TEST(a_rotated_key_is_noticed),
        TEST(who_knows_the_new_profile_already_is_not_refused_for_long),
        TEST(a_profile_that_could_not_be_read_for_want_of_descriptors_is_read_later),
        TEST(a_client_secret_is_read_again_where_it_may_have_changed),
        TEST(a_client_secret_on_the_token_is_forgotten_with_the_pin),
        TEST(a_wait_ends_with_the_callers_patience),
        TEST(what_nobody_uses_is_locked),
        TEST(after_its_end_it_answers_and_gives_nothing),
        TEST(many_threads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
