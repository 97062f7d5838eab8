// A profile of the service that is locked, whose PKCS#11 token is pulled out, or whose files change.
#include "core/unit.h"

#include <stdio.h>
#include <sys/resource.h>

#include "agent/fake_upstream.h"
#include "agent/service_fixture.h"
#include "core/monotonic.h"
#include "core/text.h"

static void a_locked_profile_hands_out_nothing(void **state)
{
    (void)state;
    struct ssa_error err;
    served_start();
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    SUCCEEDS(service_lock(served, NULL, &err));
    assert_true(served_status(0).locked);
    assert_int_equal(served_status(0).entries, 0);
    assert_int_equal(atomic_load(&fake.state), SIGNER_LOCKED);
    FAILS(served_get(&(struct demand){0}, &err), SSA_PIN, "locked");
    assert_int_equal(err.reason, SSA_REASON_AGENT_LOCKED);
    FAILS(service_assertion(served, &(struct demand){0}, 0, false, &(struct secret){0}, &err), SSA_PIN, "locked");
    SUCCEEDS(service_unlock(served, "a", &err));
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    assert_string_equal(heard.token, "T1");
}

// Its first login may take long.
static void a_signer_that_has_not_answered_yet_is_not_locked(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO assertion = {0};
    atomic_store(&fake.silent, true);
    served_start();
    FAILS(service_assertion(served, &(struct demand){0}, 0, false, &assertion, &err), SSA_UNEXPECTED,
          "did not answer in time");
    assert_false(served_status(0).locked);
    assert_int_equal(served_status(0).signer.state, SIGNER_LOST);
    atomic_store(&fake.silent, false);
    SUCCEEDS(service_assertion(served, &(struct demand){0}, 0, false, &assertion, &err));
    assert_int_equal(served_status(0).signer.state, SIGNER_OPEN);
}

static void those_who_wait_are_answered_when_it_is_locked(void **state)
{
    (void)state;
    struct ssa_error err;
    struct outcome outcome;
    atomic_store(&fake.exchange_ms, 10000);
    served_start();
    const long long since = monotonic_ms();
    assert_int_equal(service_token(served, &(struct demand){0}, &outcome, served_later, &heard), SERVICE_LATER);
    pause_ms(50);
    SUCCEEDS(service_lock(served, NULL, &err));
    served_wait(1);
    assert_int_equal(heard.given, 0);
    assert_int_equal(heard.err.reason, SSA_REASON_AGENT_LOCKED);
    assert_true(monotonic_ms() - since < SOON_MS);
    atomic_store(&fake.exchange_ms, 0);
    SUCCEEDS(service_unlock(served, NULL, &err));
    SUCCEEDS(served_get(&(struct demand){0}, &err));
}

static void only_a_person_unlocks_what_a_person_has_to_unlock(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.by_person, true);
    atomic_store(&fake.state, SIGNER_LOCKED);
    served_start();
    FAILS(service_unlock(served, NULL, &err), SSA_PIN, "locked");
    assert_non_null(strstr(err.detail, "/a.pin"));
    FAILS(served_get(&(struct demand){0}, &err), SSA_PIN, "locked");
    // Somebody gave the PIN.
    atomic_store(&fake.state, SIGNER_OPEN);
    SUCCEEDS(service_unlock(served, NULL, &err));
    SUCCEEDS(served_get(&(struct demand){0}, &err));
}

static void a_person_may_unlock_it_without_saying_so(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.by_person, true);
    served_start();
    SUCCEEDS(service_lock(served, NULL, &err));
    FAILS(service_unlock(served, NULL, &err), SSA_PIN, "locked");
    atomic_store(&fake.state, SIGNER_OPEN);
    for (unsigned i = 0; i < 100 && served_status(0).locked; i++)
        pause_ms(50);
    SUCCEEDS(served_get(&(struct demand){0}, &err));
}

static void a_token_that_is_pulled_out_locks_where_a_person_is_needed(void **state)
{
    (void)state;
    struct ssa_error err;
    atomic_store(&fake.by_person, true);
    served_start();
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    atomic_store(&fake.away, true);
    FAILS(served_get(&(struct demand){.force = true}, &err), SSA_PIN, "locked");
    FAILS(served_get(&(struct demand){0}, &err), SSA_PIN, "locked");
    // The caller is told before the fetch has ended.
    for (unsigned i = 0; i < 100 && served_status(0).entries > 0; i++)
        pause_ms(10);
    assert_int_equal(served_status(0).entries, 0);
    assert_true(atomic_load(&served_warnings) >= 1);
}

static void a_token_that_is_pulled_out_comes_back_by_itself_where_no_person_is_needed(void **state)
{
    (void)state;
    struct ssa_error err;
    served_start();
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    atomic_store(&fake.away, true);
    FAILS(served_get(&(struct demand){.force = true}, &err), SSA_ABSENT, "");
    assert_int_equal(err.reason, SSA_REASON_AGENT_LOST);
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    assert_string_equal(heard.token, "T0");
    atomic_store(&fake.away, false);
    // The back-off would be over by itself, too.
    SUCCEEDS(service_unlock(served, NULL, &err));
    SUCCEEDS(served_get(&(struct demand){.force = true}, &err));
}

static void what_nobody_uses_is_locked(void **state)
{
    (void)state;
    static const char *const one[] = {"a"};
    struct ssa_error err;
    served_profile("a", PROFILE("client", "account", "key", "secret"));
    served_start_with(one, 1, 1);
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    assert_false(served_status(0).locked);
    for (unsigned i = 0; i < 100 && !served_status(0).locked; i++)
        pause_ms(50);
    assert_true(served_status(0).locked);
    assert_int_equal(served_status(0).entries, 0);
}

static void a_rotated_key_is_noticed(void **state)
{
    (void)state;
    struct ssa_error err;
    served_start();
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    served_profile("a", PROFILE("client", "account", "other", "secret"));
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    assert_string_equal(heard.token, "T0");
    // Access tokens of another account are not this one's.
    (void)text_format(fake.account, sizeof fake.account, "another");
    served_profile("a", PROFILE("client", "another", "key", "secret"));
    SUCCEEDS(served_get(&(struct demand){.force = true}, &err));
    SUCCEEDS(served_get(&(struct demand){.account = "another"}, &err));
    assert_string_equal(heard.token, "T1");
    // One that cannot be read changes nothing.
    served_profile("a", "APS_CLIENT_ID='unfinished");
    SUCCEEDS(served_get(&(struct demand){.account = "another", .force = true}, &err));
}

static void who_knows_the_new_profile_already_is_not_refused_for_long(void **state)
{
    (void)state;
    struct ssa_error err;
    bool done = false;
    served_start();
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    (void)text_format(fake.account, sizeof fake.account, "another");
    served_profile("a", PROFILE("client", "another", "key", "secret"));
    for (long long until = monotonic_ms() + SOON_MS / 2; !done && monotonic_ms() < until; pause_ms(20))
        done = served_get(&(struct demand){.account = "another"}, &err);
    assert_true(done);
}

static void a_profile_that_could_not_be_read_for_want_of_descriptors_is_read_later(void **state)
{
    (void)state;
    struct ssa_error err;
    struct rlimit limit;
    bool lacked = false;
    served_start();
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    (void)text_format(fake.account, sizeof fake.account, "another");
    served_profile("new", PROFILE("client", "another", "key", "secret"));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_max = limit.rlim_max}), 0);
    assert_int_equal(rename(unit_path("config/ssa-hsm/new.env"), unit_path("config/ssa-hsm/a.env")), 0);
    for (long long until = monotonic_ms() + SOON_MS; !lacked && monotonic_ms() < until; pause_ms(20)) {
        (void)served_get(&(struct demand){.account = "another"}, &err);
        lacked = atomic_load(&served_warnings) > 0;
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(lacked);
    bool done = false;
    for (long long until = monotonic_ms() + SOON_MS; !done && monotonic_ms() < until; pause_ms(20))
        done = served_get(&(struct demand){.account = "another"}, &err);
    assert_true(done);
    assert_int_equal(atomic_load(&served_warnings), 1);
}

static void a_client_secret_is_read_again_where_it_may_have_changed(void **state)
{
    (void)state;
    static const char *const one[] = {"a"};
    char profile[512];
    struct ssa_error err;
    const char *file = unit_write("secret", "old\n", 0600);
    assert_true(text_format(profile, sizeof profile, PROFILE("client", "account", "key", "file:%s"), file));
    served_profile("a", profile);
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "old");
    served_start_with(one, 1, 0);
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "newer");
    (void)unit_write("secret", "newer\n", 0600);
    SUCCEEDS(served_get(&(struct demand){.force = true}, &err));
    const unsigned long before = atomic_load(&fake.exchanges);
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "unknown");
    FAILS(served_get(&(struct demand){.force = true}, &err), SSA_CREDENTIALS, "");
    assert_int_equal(atomic_load(&fake.exchanges), before + 1);
}

static void a_client_secret_on_the_token_is_forgotten_with_the_pin(void **state)
{
    (void)state;
    static const char *const one[] = {"a"};
    struct ssa_error err;
    served_profile("a", PROFILE("client", "account", "key", "pkcs11:token=a;object=secret;type=data"));
    (void)text_format(fake.secret_on_token, sizeof fake.secret_on_token, "first");
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "first");
    served_start_with(one, 1, 0);
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    SUCCEEDS(served_get(&(struct demand){.force = true}, &err));
    assert_int_equal(atomic_load(&fake.secrets), 1);
    SUCCEEDS(service_lock(served, NULL, &err));
    SUCCEEDS(service_unlock(served, NULL, &err));
    SUCCEEDS(served_get(&(struct demand){0}, &err));
    assert_int_equal(atomic_load(&fake.secrets), 2);
    // The API refuses it: it is read once more, and is another one.
    (void)text_format(fake.secret_on_token, sizeof fake.secret_on_token, "second");
    (void)text_format(fake.right_secret, sizeof fake.right_secret, "second");
    SUCCEEDS(served_get(&(struct demand){.force = true}, &err));
    assert_int_equal(atomic_load(&fake.secrets), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, served_begin, served_end)
    const struct CMUnitTest tests[] = {
        TEST(a_locked_profile_hands_out_nothing),
        TEST(a_signer_that_has_not_answered_yet_is_not_locked),
        TEST(those_who_wait_are_answered_when_it_is_locked),
        TEST(only_a_person_unlocks_what_a_person_has_to_unlock),
        TEST(a_person_may_unlock_it_without_saying_so),
        TEST(a_token_that_is_pulled_out_locks_where_a_person_is_needed),
        TEST(a_token_that_is_pulled_out_comes_back_by_itself_where_no_person_is_needed),
        TEST(what_nobody_uses_is_locked),
        TEST(a_rotated_key_is_noticed),
        TEST(who_knows_the_new_profile_already_is_not_refused_for_long),
        TEST(a_profile_that_could_not_be_read_for_want_of_descriptors_is_read_later),
        TEST(a_client_secret_is_read_again_where_it_may_have_changed),
        TEST(a_client_secret_on_the_token_is_forgotten_with_the_pin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
