// The cache's line: who waits, in which order, and for how long where the budget is spent.
#include "agent/cache_fixture.h"

#include "agent/cache/schedule.h"
#include "core/text.h"

// When a renewal becomes urgent, after so much of a life.
static long long urgent_after(void)
{
    const long long usable = LIFE_MS - ACCESS_LEAST_MS;
    return schedule_urgent(schedule_renewal(0, usable, RANDOM), usable);
}

// Spends so many requests of the budget.
static void spend(unsigned requests)
{
    static char scope[] = "x0";
    for (; requests > 0; requests--) {
        scope[1]++;
        assert_int_equal(ask(scope), CACHE_WAITS);
        fetched(next(), "spent", LIFE_S);
    }
}

static void first_comers_wait_for_the_budget_in_their_order(void **state)
{
    (void)state;
    spend(10);
    now += 1000;
    assert_int_equal(ask("a"), CACHE_WAITS);
    now += 1000;
    assert_int_equal(ask("b"), CACHE_WAITS);
    assert_null(next());
    now += 58000 - 1;
    assert_null(next());
    assert_int_equal(cache_wakes(cache, 0, now, 5000), now + 1);
    now++;
    struct cache_entry *entry = next();
    assert_non_null(entry);
    assert_string_equal(cache_entry_scope(entry), "a");
    fetched(entry, "one", LIFE_S);
    assert_string_equal(cache_entry_scope(next()), "b");
}

static void the_order_holds_over_profiles_with_one_budget(void **state)
{
    (void)state;
    cache_share_budget(cache, 1, 0);
    spend(9);
    assert_int_equal(ask_for(&(struct cache_demand){.profile = 1, .scope = "first"}), CACHE_WAITS);
    now += 1;
    assert_int_equal(ask("second"), CACHE_WAITS);
    assert_null(next());
    assert_non_null(cache_next(cache, 1, now));
    assert_null(next());
}

static void those_who_cannot_wait_so_long_are_refused_at_once(void **state)
{
    (void)state;
    spend(10);
    assert_int_equal(ask_for(&(struct cache_demand){.scope = "a", .deadline = now + 59000}), CACHE_FAILED);
    assert_int_equal(got.err.code, SSA_RATE_LIMIT);
    assert_int_equal(got.err.reason, SSA_REASON_AGENT_BUDGET);
    assert_int_equal(got.retry_after, 60);
}

static void renewals_leave_some_requests_until_they_are_urgent(void **state)
{
    (void)state;
    have("a", "one");
    assert_true(gives("a", "one"));
    const long long obtained = now;
    now += LIFE_MS * 85LL / 100;
    spend(10 - CACHE_KEPT);
    assert_null(next());
    // First-comers get what is left.
    assert_int_equal(ask("b"), CACHE_WAITS);
    struct cache_entry *entry = next();
    assert_string_equal(cache_entry_scope(entry), "b");
    fetched(entry, "b", LIFE_S);
    // The renewal becomes urgent in the middle of the rest of its life.
    now = obtained + urgent_after() - 1000;
    spend(10 - CACHE_KEPT);
    assert_null(next());
    now += 1000;
    entry = next();
    assert_non_null(entry);
    assert_true(cache_entry_renews(entry));
    assert_string_equal(cache_entry_scope(entry), "a");
}

static void an_urgent_renewal_stands_in_the_line(void **state)
{
    (void)state;
    have("a", "one");
    assert_true(gives("a", "one"));
    now += urgent_after() - 1;
    assert_int_equal(ask("before"), CACHE_WAITS);
    now += 2;
    assert_int_equal(ask("behind"), CACHE_WAITS);
    assert_string_equal(cache_entry_scope(next()), "before");
    assert_string_equal(cache_entry_scope(next()), "a");
    assert_string_equal(cache_entry_scope(next()), "behind");
}

static void a_rate_limit_of_the_api_is_waited_for(void **state)
{
    (void)state;
    struct ssa_error err;
    struct cache_answers answers;
    struct cache_sent sent = one_request();
    sent.told.limited = true;
    sent.told.retry_after = 20;
    error_set(&err, SSA_RATE_LIMIT, NULL, NULL, "too many");
    assert_int_equal(ask("a"), CACHE_WAITS);
    assert_int_equal(ask_for(&(struct cache_demand){.scope = "a", .deadline = now + 19000}), CACHE_WAITS);
    cache_failed(cache, next(), CACHE_LIMITED, true, &err, &sent, now, RANDOM, &answers);
    take(&answers);
    // One of them cannot wait so long.
    assert_int_equal(got.answered, 1);
    assert_int_equal(got.retry_after, 20);
    now += 19999;
    assert_null(next());
    now++;
    fetched(next(), "one", LIFE_S);
    assert_int_equal(got.answered, 1);
    assert_non_null(got.access);
}

static void a_wait_ends_when_it_is_over(void **state)
{
    (void)state;
    struct cache_answers answers;
    assert_int_equal(ask_for(&(struct cache_demand){.scope = "a", .deadline = now + 2000}), CACHE_WAITS);
    assert_int_equal(ask_for(&(struct cache_demand){.scope = "a", .deadline = now + 1000}), CACHE_WAITS);
    struct cache_entry *entry = next();
    assert_int_equal(cache_deadline(cache), now + 1000);
    now += 999;
    assert_false(cache_expired(cache, now, &answers));
    now++;
    assert_true(cache_expired(cache, now, &answers));
    take(&answers);
    assert_int_equal(got.answered, 1);
    assert_int_equal(got.err.reason, SSA_REASON_TIMEOUT);
    assert_false(cache_expired(cache, now, &answers));
    fetched(entry, "one", LIFE_S);
    assert_int_equal(got.answered, 1);
    assert_int_equal(cache_deadline(cache), 0);
}

static bool is_it(const struct cache_waiter *waiter, const void *context)
{
    return waiter == context;
}

static void who_leaves_the_line_is_not_answered_and_makes_room(void **state)
{
    (void)state;
    const char *const scopes[] = {"a", "b"};
    for (size_t i = 0; i < CACHE_WAITERS_MAX; i++)
        assert_int_equal(ask(scopes[i % 2]), CACHE_WAITS);
    assert_int_equal(ask("a"), CACHE_FAILED);
    // The first, one of the middle, and the last of a line.
    const size_t leaving[] = {0, 500, CACHE_WAITERS_MAX - 1};
    for (size_t i = 0; i < COUNT(leaving); i++) {
        assert_ptr_equal(cache_leave(cache, is_it, &waiters[leaving[i]]), &waiters[leaving[i]]);
        assert_null(cache_leave(cache, is_it, &waiters[leaving[i]]));
    }
    assert_int_equal(cache_profile_waiting(cache, 0), CACHE_WAITERS_MAX - COUNT(leaving));
    for (size_t i = 0; i < COUNT(leaving); i++)
        assert_int_equal(ask("b"), CACHE_WAITS);
    assert_int_equal(ask("b"), CACHE_FAILED);
    fetched(next(), "one", LIFE_S);
    assert_int_equal(got.answered, CACHE_WAITERS_MAX / 2 - 2);
    fetched(next(), "one", LIFE_S);
    assert_int_equal(got.answered, CACHE_WAITERS_MAX / 2 + 2);
}

// Nobody is left for whom a request would be made.
static void what_nobody_waits_for_any_more_is_not_fetched(void **state)
{
    (void)state;
    assert_int_equal(ask("a"), CACHE_WAITS);
    assert_non_null(cache_leave(cache, is_it, &waiters[0]));
    assert_null(next());
    cache_tidy(cache, now);
    assert_int_equal(cache_count(cache), 0);
}

static void a_profile_that_goes_to_another_budget_takes_no_request_of_it(void **state)
{
    (void)state;
    const unsigned all = budget_left(cache_budget(cache, 0), now);
    assert_int_equal(ask("a"), CACHE_WAITS);
    struct cache_entry *entry = next();
    assert_int_equal(budget_left(cache_budget(cache, 0), now), all - 1);
    // Its client id is another one from now on. The request that is under way is of the old one.
    cache_share_budget(cache, 0, 2);
    assert_int_equal(budget_left(cache_budget(cache, 0), now), all);
    fetched(entry, "one", LIFE_S);
    assert_int_equal(budget_left(cache_budget(cache, 0), now), all);
    cache_share_budget(cache, 0, 0);
    assert_int_equal(budget_left(cache_budget(cache, 0), now), all - 1);
    now += 61000;
    assert_int_equal(budget_left(cache_budget(cache, 0), now), all);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(first_comers_wait_for_the_budget_in_their_order),
        TEST(the_order_holds_over_profiles_with_one_budget),
        TEST(those_who_cannot_wait_so_long_are_refused_at_once),
        TEST(renewals_leave_some_requests_until_they_are_urgent),
        TEST(an_urgent_renewal_stands_in_the_line),
        TEST(a_rate_limit_of_the_api_is_waited_for),
        TEST(a_wait_ends_when_it_is_over),
        TEST(who_leaves_the_line_is_not_answered_and_makes_room),
        TEST(what_nobody_waits_for_any_more_is_not_fetched),
        TEST(a_profile_that_goes_to_another_budget_takes_no_request_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
