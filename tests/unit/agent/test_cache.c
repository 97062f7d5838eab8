// The cache's rules, one by one: what is given, and when it is fetched.
#include "agent/cache_fixture.h"

#include "agent/cache/schedule.h"

static void failed(struct cache_entry *entry, enum cache_failure kind, enum ssa_class class, bool common)
{
    struct ssa_error err;
    struct cache_answers answers;
    const struct cache_sent sent = one_request();
    error_set(&err, class, NULL, NULL, "it failed");
    cache_failed(cache, entry, kind, common, &err, &sent, now, RANDOM, &answers);
    take(&answers);
}

static void a_thousand_callers_share_one_fetch(void **state)
{
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(ask("a"), CACHE_WAITS);
    struct cache_entry *entry = next();
    assert_non_null(entry);
    assert_int_equal(ask("a"), CACHE_WAITS);
    assert_null(next());
    fetched(entry, "one", LIFE_S);
    assert_int_equal(got.answered, 1001);
    assert_true(gives("a", "one"));
    assert_null(next());
}

static void other_scopes_and_other_profiles_are_other_entries(void **state)
{
    (void)state;
    have("a b", "wide");
    assert_int_equal(ask("a"), CACHE_WAITS);
    assert_int_equal(ask_for(&(struct cache_demand){.profile = 1, .scope = "a b"}), CACHE_WAITS);
    assert_true(gives("a b", "wide"));
}

static void an_access_token_is_given_until_its_end_and_not_longer(void **state)
{
    (void)state;
    have("a", "one");
    now += LIFE_MS - ACCESS_LEAST_MS;
    assert_true(gives("a", "one"));
    now++;
    assert_int_equal(ask("a"), CACHE_WAITS);
}

static void what_is_asked_for_is_renewed_and_nothing_else(void **state)
{
    (void)state;
    have("a", "one");
    have("b", "two");
    now += 60000;
    assert_true(gives("a", "one"));
    assert_null(next());
    now += LIFE_MS * 80LL / 100;
    struct cache_entry *entry = next();
    assert_non_null(entry);
    assert_string_equal(cache_entry_scope(entry), "a");
    assert_true(cache_entry_renews(entry));
    assert_null(next());
    // It is given meanwhile.
    assert_true(gives("a", "one"));
    fetched(entry, "new", LIFE_S);
    assert_true(gives("a", "new"));
    // The other one is asked for late.
    assert_true(gives("b", "two") && got.due);
    assert_true(gives("b", "two") && !got.due);
    assert_non_null(entry = next());
    assert_string_equal(cache_entry_scope(entry), "b");
    fetched(entry, "newer", LIFE_S);
    // Nobody asks for it after that.
    now += LIFE_MS;
    assert_null(next());
    cache_tidy(cache, now);
    assert_int_equal(cache_count(cache), 0);
}

static void a_failed_renewal_replaces_nothing_and_is_tried_again_later(void **state)
{
    (void)state;
    have("a", "one");
    assert_true(gives("a", "one"));
    now += LIFE_MS * 85LL / 100;
    for (unsigned i = 0; i < 5; i++) {
        struct cache_entry *entry = next();
        assert_non_null(entry);
        failed(entry, CACHE_PASSES, SSA_NETWORK, true);
        assert_true(gives("a", "one"));
        assert_null(next());
        now += BACK_OFF_MOST_MS * 5LL / 4;
    }
    fetched(next(), "two", LIFE_S);
    assert_true(gives("a", "two"));
}

static void those_who_wait_are_told_after_three_tries_and_those_who_come_at_once(void **state)
{
    (void)state;
    assert_int_equal(ask("a"), CACHE_WAITS);
    for (unsigned i = 0; i <= QUICK_TRIES; i++) {
        assert_int_equal(ask("a"), CACHE_WAITS);
        now += 5000;
        struct cache_entry *entry = next();
        assert_non_null(entry);
        failed(entry, CACHE_PASSES, SSA_NETWORK, true);
        assert_int_equal(got.answered, i < QUICK_TRIES ? 0 : QUICK_TRIES + 2);
        assert_null(next());
    }
    assert_int_equal(got.err.code, SSA_NETWORK);
    assert_true(got.retry_after > 0);
    assert_int_equal(ask("b"), CACHE_FAILED);
    assert_int_equal(got.err.code, SSA_NETWORK);
    assert_true(got.retry_after > 0 && got.retry_after <= 5);
    // After the back-off the next one is tried, and its failure is told at once.
    now += 10000;
    assert_int_equal(ask("a"), CACHE_WAITS);
    failed(next(), CACHE_PASSES, SSA_NETWORK, true);
    assert_int_equal(got.answered, 1);
    cache_relieve(cache, 0);
    assert_int_equal(ask("a"), CACHE_WAITS);
    assert_non_null(next());
}

static void a_refusal_for_some_scopes_is_not_one_for_others(void **state)
{
    (void)state;
    assert_int_equal(ask("a"), CACHE_WAITS);
    failed(next(), CACHE_LASTS, SSA_REFUSED, false);
    assert_int_equal(got.answered, 1);
    assert_int_equal(got.err.code, SSA_REFUSED);
    assert_int_equal(ask("a"), CACHE_FAILED);
    const unsigned first = got.retry_after;
    assert_int_equal(ask("b"), CACHE_WAITS);
    fetched(next(), "b", LIFE_S);
    // The next wait is longer, although nobody has asked meanwhile.
    now += first * 1000LL;
    cache_tidy(cache, now);
    assert_int_equal(ask("a"), CACHE_WAITS);
    failed(next(), CACHE_LASTS, SSA_REFUSED, false);
    assert_int_equal(ask("a"), CACHE_FAILED);
    assert_true(got.retry_after > first);
    now += got.retry_after * 1000LL + CACHE_REMEMBERS_MS;
    cache_tidy(cache, now);
    assert_int_equal(cache_count(cache), 1);
}

static void a_change_is_tried_once(void **state)
{
    (void)state;
    assert_int_equal(ask("a"), CACHE_WAITS);
    failed(next(), CACHE_CHANGED, SSA_REFUSED, false);
    assert_int_equal(got.answered, 0);
    failed(next(), CACHE_CHANGED, SSA_REFUSED, false);
    assert_int_equal(got.answered, 1);
    assert_null(next());
}

static void force_gives_a_new_one_and_is_shared(void **state)
{
    (void)state;
    const struct cache_demand force = {.scope = "a", .force = true};
    have("a", "one");
    assert_int_equal(ask_for(&force), CACHE_WAITS);
    assert_int_equal(ask_for(&force), CACHE_WAITS);
    struct cache_entry *entry = next();
    assert_int_equal(ask_for(&force), CACHE_WAITS);
    assert_true(gives("a", "one"));
    fetched(entry, "two", LIFE_S);
    assert_int_equal(got.answered, 3);
    assert_null(next());
    assert_true(gives("a", "two"));
}

static void min_ttl_gives_one_that_lives_so_long_or_a_new_one(void **state)
{
    (void)state;
    struct cache_demand demand = {.scope = "a", .min_ttl_ms = 600000};
    have("a", "one");
    now += LIFE_MS - 600000;
    assert_int_equal(ask_for(&demand), CACHE_HIT);
    now++;
    assert_int_equal(ask_for(&demand), CACHE_WAITS);
    fetched(next(), "two", LIFE_S);
    assert_int_equal(got.answered, 1);
    // The API gives none that lives so long: a new one has to do.
    demand.min_ttl_ms = LIFE_MS + 1;
    now += LIFE_MS / 10 - 1;
    assert_int_equal(ask_for(&demand), CACHE_HIT);
    now += 1;
    assert_int_equal(ask_for(&demand), CACHE_WAITS);
    fetched(next(), "three", LIFE_S);
    assert_string_equal(secret_text(&got.access->token), "three");
    // Nearly all of its life is wanted: not each demand costs a request.
    demand.min_ttl_ms = LIFE_MS - 1;
    now += LIFE_MS / 10 - 1;
    assert_int_equal(ask_for(&demand), CACHE_HIT);
    now++;
    assert_int_equal(ask_for(&demand), CACHE_WAITS);
    fetched(next(), "four", LIFE_S);
}

static void min_ttl_joins_a_renewal_that_is_under_way_or_put_off(void **state)
{
    (void)state;
    const struct cache_demand demand = {.scope = "a", .min_ttl_ms = 1500000};
    have("a", "one");
    assert_true(gives("a", "one"));
    now += LIFE_MS * 81LL / 100;
    struct cache_entry *entry = next();
    assert_non_null(entry);
    assert_int_equal(ask_for(&demand), CACHE_WAITS);
    assert_null(next());
    fetched(entry, "two", LIFE_S);
    assert_int_equal(got.answered, 1);
}

static void a_locked_profile_has_nothing(void **state)
{
    (void)state;
    struct ssa_error err;
    struct cache_answers answers;
    error_set(&err, SSA_PIN, NULL, NULL, "locked");
    have("a", "one");
    assert_int_equal(ask("b"), CACHE_WAITS);
    struct cache_entry *entry = next();
    cache_forget(cache, 0, &err, &answers);
    take(&answers);
    assert_int_equal(got.answered, 1);
    assert_int_equal(got.err.code, SSA_PIN);
    assert_true(cache_entry_is_discarded(entry));
    // What comes late is dropped; who has come since waits for a new one.
    assert_int_equal(ask("b"), CACHE_WAITS);
    fetched(entry, "late", LIFE_S);
    assert_int_equal(got.answered, 0);
    entry = next();
    assert_non_null(entry);
    fetched(entry, "new", LIFE_S);
    assert_true(gives("b", "new"));
    assert_int_equal(ask("a"), CACHE_WAITS);
}

static void one_that_does_not_say_how_long_it_lives_is_for_those_who_wait(void **state)
{
    (void)state;
    assert_int_equal(ask("a"), CACHE_WAITS);
    fetched(next(), "one", 0);
    assert_int_equal(got.answered, 1);
    assert_non_null(got.access);
    assert_int_equal(ask("a"), CACHE_WAITS);
}

static void there_are_not_more_entries_and_waiters_than_there_may_be(void **state)
{
    (void)state;
    char scope[] = "s000";
    for (unsigned i = 0; i < CACHE_ENTRIES_MAX; i++) {
        now += 60000;
        scope[1] = (char)('0' + i / 100);
        scope[2] = (char)('0' + i / 10 % 10);
        scope[3] = (char)('0' + i % 10);
        assert_int_equal(ask(scope), CACHE_WAITS);
        fetched(next(), "one", 10LL * LIFE_S);
    }
    // The one that was not asked for since the longest time goes.
    assert_true(ask("s000") == CACHE_HIT);
    have("new", "one");
    assert_int_equal(cache_count(cache), CACHE_ENTRIES_MAX);
    assert_true(ask("s000") == CACHE_HIT);
    assert_int_equal(ask("s001"), CACHE_WAITS);
    for (size_t i = 1; i < CACHE_WAITERS_MAX; i++)
        assert_int_equal(ask("s001"), CACHE_WAITS);
    assert_int_equal(ask("s001"), CACHE_FAILED);
    assert_true(got.retry_after > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(a_thousand_callers_share_one_fetch),
        TEST(other_scopes_and_other_profiles_are_other_entries),
        TEST(an_access_token_is_given_until_its_end_and_not_longer),
        TEST(what_is_asked_for_is_renewed_and_nothing_else),
        TEST(a_failed_renewal_replaces_nothing_and_is_tried_again_later),
        TEST(those_who_wait_are_told_after_three_tries_and_those_who_come_at_once),
        TEST(a_refusal_for_some_scopes_is_not_one_for_others),
        TEST(a_change_is_tried_once),
        TEST(force_gives_a_new_one_and_is_shared),
        TEST(min_ttl_gives_one_that_lives_so_long_or_a_new_one),
        TEST(min_ttl_joins_a_renewal_that_is_under_way_or_put_off),
        TEST(a_locked_profile_has_nothing),
        TEST(one_that_does_not_say_how_long_it_lives_is_for_those_who_wait),
        TEST(there_are_not_more_entries_and_waiters_than_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
