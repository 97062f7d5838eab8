// The cache's rules, one by one.
#include "core/unit.h"

#include "agent/cache/cache.h"
#include "agent/cache/schedule.h"
#include "core/text.h"

enum { LIFE_S = 3600, LIFE_MS = LIFE_S * 1000, RANDOM = 400 }; // in the middle, for a renewal

static struct cache *cache;
static struct cache_waiter waiters[2 * CACHE_WAITERS_MAX];
static size_t waiter_count;
static long long now;
// What the last demand or answer had.
static struct access *access;
static struct ssa_error error;
static unsigned retry_after, answered;
static bool due; // a renewal

static int begin(void **state)
{
    (void)state;
    struct ssa_error err;
    cache = cache_new(&err);
    cache_share_budget(cache, 1, 1);
    now = 1000000;
    waiter_count = 0;
    return cache == NULL ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    struct cache_answers answers;
    for (size_t i = 0; i < CACHE_PROFILES_MAX; i++) {
        cache_forget(cache, i, &error, &answers);
        cache_answers_end(&answers);
    }
    cache_free(cache);
    access_drop(access);
    access = NULL;
    return 0;
}

static void take(struct cache_answers *answers)
{
    answered = 0;
    for (const struct cache_waiter *w = answers->waiters; w != NULL; w = w->next)
        answered++;
    if (answered > 0) {
        access_drop(access);
        access = answers->access != NULL ? access_keep(answers->access) : NULL;
        error = answers->err;
        retry_after = answers->retry_after;
    }
    cache_answers_end(answers);
}

static enum cache_reply ask_for(const struct cache_demand *demand)
{
    struct cache_demand wanted = *demand;
    if (wanted.deadline == 0)
        wanted.deadline = now + 60000;
    access_drop(access);
    access = NULL;
    const enum cache_reply reply =
        cache_ask(cache, &wanted, &waiters[waiter_count], now, &access, &error, &retry_after);
    waiter_count += reply == CACHE_WAITS;
    due = reply == CACHE_HIT_DUE;
    return due ? CACHE_HIT : reply;
}

// When a renewal becomes urgent, after so much of a life.
static long long urgent_after(void)
{
    const long long usable = LIFE_MS - ACCESS_LEAST_MS;
    return schedule_urgent(schedule_renewal(0, usable, RANDOM), usable);
}

static enum cache_reply ask(const char *scope)
{
    return ask_for(&(struct cache_demand){.scope = scope});
}

static struct cache_sent one_request(void)
{
    return (struct cache_sent){.requests = 1, .told = {.remaining = -1, .retry_after = -1}};
}

static void fetched(struct cache_entry *entry, const char *text, long long lifetime_s)
{
    struct ssa_error err;
    struct cache_answers answers;
    const struct cache_sent sent = one_request();
    struct access *made = access_new(span_text(text), cache_entry_scope(entry), now, lifetime_s, &err);
    assert_non_null(made);
    cache_fetched(cache, entry, made, &sent, now, RANDOM, &answers);
    take(&answers);
}

static void failed(struct cache_entry *entry, enum cache_failure kind, enum ssa_class class, bool common)
{
    struct ssa_error err;
    struct cache_answers answers;
    const struct cache_sent sent = one_request();
    error_set(&err, class, NULL, NULL, "it failed");
    cache_failed(cache, entry, kind, common, &err, &sent, now, RANDOM, &answers);
    take(&answers);
}

static struct cache_entry *next(void)
{
    return cache_next(cache, 0, now);
}

// Has an access token in the cache.
static void have(const char *scope, const char *text)
{
    assert_int_equal(ask(scope), CACHE_WAITS);
    struct cache_entry *entry = next();
    assert_non_null(entry);
    fetched(entry, text, LIFE_S);
}

static bool gives(const char *scope, const char *text)
{
    return ask(scope) == CACHE_HIT && strcmp(secret_text(&access->token), text) == 0;
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
    assert_int_equal(answered, 1001);
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
    assert_true(gives("b", "two") && due);
    assert_true(gives("b", "two") && !due);
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
        assert_int_equal(answered, i < QUICK_TRIES ? 0 : QUICK_TRIES + 2);
        assert_null(next());
    }
    assert_int_equal(error.code, SSA_NETWORK);
    assert_true(retry_after > 0);
    assert_int_equal(ask("b"), CACHE_FAILED);
    assert_int_equal(error.code, SSA_NETWORK);
    assert_true(retry_after > 0 && retry_after <= 5);
    // After the back-off the next one is tried, and its failure is told at once.
    now += 10000;
    assert_int_equal(ask("a"), CACHE_WAITS);
    failed(next(), CACHE_PASSES, SSA_NETWORK, true);
    assert_int_equal(answered, 1);
    cache_relieve(cache, 0);
    assert_int_equal(ask("a"), CACHE_WAITS);
    assert_non_null(next());
}

static void a_refusal_for_some_scopes_is_not_one_for_others(void **state)
{
    (void)state;
    assert_int_equal(ask("a"), CACHE_WAITS);
    failed(next(), CACHE_LASTS, SSA_REFUSED, false);
    assert_int_equal(answered, 1);
    assert_int_equal(error.code, SSA_REFUSED);
    assert_int_equal(ask("a"), CACHE_FAILED);
    const unsigned first = retry_after;
    assert_int_equal(ask("b"), CACHE_WAITS);
    fetched(next(), "b", LIFE_S);
    // The next wait is longer, although nobody has asked meanwhile.
    now += first * 1000LL;
    cache_tidy(cache, now);
    assert_int_equal(ask("a"), CACHE_WAITS);
    failed(next(), CACHE_LASTS, SSA_REFUSED, false);
    assert_int_equal(ask("a"), CACHE_FAILED);
    assert_true(retry_after > first);
    now += retry_after * 1000LL + CACHE_REMEMBERS_MS;
    cache_tidy(cache, now);
    assert_int_equal(cache_count(cache), 1);
}

static void a_change_is_tried_once(void **state)
{
    (void)state;
    assert_int_equal(ask("a"), CACHE_WAITS);
    failed(next(), CACHE_CHANGED, SSA_REFUSED, false);
    assert_int_equal(answered, 0);
    failed(next(), CACHE_CHANGED, SSA_REFUSED, false);
    assert_int_equal(answered, 1);
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
    assert_int_equal(answered, 3);
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
    assert_int_equal(answered, 1);
    // The API gives none that lives so long: a new one has to do.
    demand.min_ttl_ms = LIFE_MS + 1;
    now += LIFE_MS / 10 - 1;
    assert_int_equal(ask_for(&demand), CACHE_HIT);
    now += 1;
    assert_int_equal(ask_for(&demand), CACHE_WAITS);
    fetched(next(), "three", LIFE_S);
    assert_string_equal(secret_text(&access->token), "three");
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
    assert_int_equal(answered, 1);
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
    assert_int_equal(error.code, SSA_RATE_LIMIT);
    assert_int_equal(error.reason, SSA_REASON_AGENT_BUDGET);
    assert_int_equal(retry_after, 60);
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
    assert_int_equal(answered, 1);
    assert_int_equal(retry_after, 20);
    now += 19999;
    assert_null(next());
    now++;
    fetched(next(), "one", LIFE_S);
    assert_int_equal(answered, 1);
    assert_non_null(access);
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
    assert_int_equal(answered, 1);
    assert_int_equal(error.reason, SSA_REASON_TIMEOUT);
    assert_false(cache_expired(cache, now, &answers));
    fetched(entry, "one", LIFE_S);
    assert_int_equal(answered, 1);
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
    assert_int_equal(answered, CACHE_WAITERS_MAX / 2 - 2);
    fetched(next(), "one", LIFE_S);
    assert_int_equal(answered, CACHE_WAITERS_MAX / 2 + 2);
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
    assert_int_equal(answered, 1);
    assert_int_equal(error.code, SSA_PIN);
    assert_true(cache_entry_is_discarded(entry));
    // What comes late is dropped; who has come since waits for a new one.
    assert_int_equal(ask("b"), CACHE_WAITS);
    fetched(entry, "late", LIFE_S);
    assert_int_equal(answered, 0);
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
    assert_int_equal(answered, 1);
    assert_non_null(access);
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
    assert_true(retry_after > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
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
        TEST(a_locked_profile_has_nothing),
        TEST(one_that_does_not_say_how_long_it_lives_is_for_those_who_wait),
        TEST(there_are_not_more_entries_and_waiters_than_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
