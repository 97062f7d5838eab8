// Days of the cache with access tokens that live a minute: its clock, the API and the callers are made up. In each,
// nobody gets an access token that is over, and the API never gets more requests in a minute than it takes.
#include "core/unit.h"

#include "agent/cache/cache.h"
#include "core/text.h"

enum {
    HOUR_MS = 3600 * 1000,
    DAY_MS = 24 * HOUR_MS,
    LIFE_S = 60,
    PROFILES = 3,
    SETS_MAX = 1000,
    PATIENCE_MS = 60000,
    HISTORY = 4096,
};

// What is asked for, and how often.
struct habits {
    unsigned usual;     // sets of scopes that are asked for all day
    unsigned rare_each; // of so many demands, one is for any of SETS_MAX sets; 0: none
    unsigned gap_ms;    // the mean time between two demands
    unsigned picky;     // of so many demands, one is with force or min_ttl; 0: none
};

// How the API is.
struct weather {
    long long down_from, down_until; // it does not answer
    unsigned others_each_ms;         // another host with the same client id sends a request; 0: it does not
};

struct flight {
    struct cache_entry *entry;
    long long arrives, ends;
    struct access *access;
    enum cache_failure failure;
    struct cache_sent sent;
};

struct day {
    struct cache *cache;
    struct habits habits;
    struct weather weather;
    long long now, next_demand, next_other;
    long long wakes[PROFILES]; // a worker sleeps until then, or until it is woken
    struct flight flights[PROFILES];
    // The API: when requests came, for each of the two client ids.
    long long came[2][HISTORY], others[HISTORY];
    size_t came_count[2], others_count;
    // Outcomes.
    unsigned long hits, fetched, failed, limited, waits, requests, renewals, most_entries;
    long long last_failure;
    struct cache_waiter *free_waiters, waiters[2000];
};

static struct day day;

// Profiles 0 and 1 have one client id.
static size_t client_of(size_t profile)
{
    return profile / 2;
}

static unsigned recent(const long long *times, size_t count, long long now)
{
    unsigned found = 0;
    while (found < count && found < HISTORY && times[(count - 1 - found) % HISTORY] > now - 60000)
        found++;
    return found;
}

// A request comes to the API.
static void come(size_t client, struct flight *f, const char *scope)
{
    struct ssa_error err;
    const long long now = f->arrives;
    day.requests++;
    day.came[client][day.came_count[client]++ % HISTORY] = now;
    const unsigned own = recent(day.came[client], day.came_count[client], now);
    assert_true(own <= PACE_MOST);
    f->sent = (struct cache_sent){.requests = 1, .told = {.value = PACE_MOST, .remaining = -1, .retry_after = -1}};
    if (now >= day.weather.down_from && now < day.weather.down_until) {
        f->failure = CACHE_PASSES;
        f->ends = now + 100 + unit_random(10000);
        f->sent.told.value = 0;
        return;
    }
    f->ends = now + 20 + unit_random(400);
    const unsigned all = own + (client == 0 ? recent(day.others, day.others_count, now) : 0);
    f->sent.told.remaining = all < PACE_MOST ? (long)(PACE_MOST - all) : 0;
    if (all > PACE_MOST) {
        f->failure = CACHE_LIMITED;
        f->sent.told.limited = true;
        f->sent.told.retry_after = 5;
        return;
    }
    f->access = access_new(span_text("an access token"), scope, now, LIFE_S, &err);
    assert_non_null(f->access);
}

static void take_off(size_t profile, struct cache_entry *entry)
{
    struct flight *f = &day.flights[profile];
    *f = (struct flight){.entry = entry, .arrives = day.now + 5 + unit_random(200)};
    day.renewals += cache_entry_renews(entry);
    come(client_of(profile), f, cache_entry_scope(entry));
}

static void check(const struct access *access)
{
    assert_true(access->ends_ms >= day.now + ACCESS_LEAST_MS);
}

static void answer(struct cache_answers *answers)
{
    while (answers->waiters != NULL) {
        struct cache_waiter *waiter = answers->waiters;
        answers->waiters = waiter->next;
        waiter->next = day.free_waiters;
        day.free_waiters = waiter;
        if (answers->access != NULL) {
            check(answers->access);
            day.fetched++;
            continue;
        }
        day.failed++;
        day.limited += answers->err.code == SSA_RATE_LIMIT;
        day.last_failure = day.now;
    }
    cache_answers_end(answers);
}

static void land(size_t profile)
{
    struct flight *f = &day.flights[profile];
    struct cache_answers answers;
    struct ssa_error err;
    error_set(&err, f->failure == CACHE_LIMITED ? SSA_RATE_LIMIT : SSA_NETWORK, NULL, NULL, "it did not work");
    if (f->access != NULL)
        cache_fetched(day.cache, f->entry, f->access, &f->sent, day.now, unit_random(1 << 30), &answers);
    else
        cache_failed(day.cache, f->entry, f->failure, true, &err, &f->sent, day.now, unit_random(1 << 30), &answers);
    *f = (struct flight){0};
    for (size_t i = 0; i < PROFILES; i++)
        day.wakes[i] = day.now;
    answer(&answers);
}

static void demand(void)
{
    char scope[64];
    const bool rare = day.habits.rare_each > 0 && unit_random(day.habits.rare_each) == 0;
    const bool picky = day.habits.picky > 0 && unit_random(day.habits.picky) == 0;
    const unsigned set = unit_random(rare ? SETS_MAX : day.habits.usual);
    assert_true(text_format(scope, sizeof scope, "scope:%u", set));
    const struct cache_demand wanted = {.profile = set % PROFILES,
                                        .scope = scope,
                                        .min_ttl_ms = picky ? unit_random(70000) : 0,
                                        .force = picky && unit_random(4) == 0,
                                        .deadline = day.now + 1000 + unit_random(PATIENCE_MS)};
    struct cache_waiter *waiter = day.free_waiters;
    assert_non_null(waiter);
    struct cache_waiter *rest = waiter->next;
    struct access *access = NULL;
    struct ssa_error err;
    unsigned retry_after = 0;
    switch (cache_ask(day.cache, &wanted, waiter, day.now, &access, &err, &retry_after)) {
    case CACHE_HIT_DUE:
        day.wakes[wanted.profile] = day.now;
        // fall through
    case CACHE_HIT:
        check(access);
        access_drop(access);
        day.hits++;
        break;
    case CACHE_WAITS:
        day.wakes[wanted.profile] = day.now;
        day.free_waiters = rest;
        day.waits++;
        break;
    case CACHE_FAILED:
        assert_true(retry_after > 0);
        day.failed++;
        day.limited += err.code == SSA_RATE_LIMIT;
        day.last_failure = day.now;
        break;
    }
}

static void sooner(long long *next, long long time)
{
    if (time < *next)
        *next = time;
}

static void work(size_t profile)
{
    cache_tidy(day.cache, day.now);
    struct cache_entry *entry = cache_next(day.cache, profile, day.now);
    if (entry != NULL)
        take_off(profile, entry);
    else
        day.wakes[profile] = cache_wakes(day.cache, profile, day.now, HOUR_MS);
}

// What happens at one moment, and when the next thing happens.
static long long moment(void)
{
    struct cache_answers answers;
    long long next = day.now + HOUR_MS;
    if (day.now >= day.next_demand) {
        demand();
        day.next_demand = day.now + 1 + unit_random(2 * day.habits.gap_ms);
    }
    if (day.weather.others_each_ms > 0 && day.now >= day.next_other) {
        // The other host keeps to the limit.
        if (recent(day.others, day.others_count, day.now) + recent(day.came[0], day.came_count[0], day.now) < PACE_MOST)
            day.others[day.others_count++ % HISTORY] = day.now;
        day.next_other = day.now + 1 + unit_random(2 * day.weather.others_each_ms);
    }
    while (cache_expired(day.cache, day.now, &answers))
        answer(&answers);
    for (size_t i = 0; i < PROFILES; i++)
        if (day.flights[i].entry != NULL && day.now >= day.flights[i].ends)
            land(i);
    for (size_t i = 0; i < PROFILES; i++) {
        if (day.flights[i].entry == NULL && day.now >= day.wakes[i])
            work(i);
        sooner(&next, day.flights[i].entry != NULL ? day.flights[i].ends : day.wakes[i]);
    }
    if (cache_count(day.cache) > day.most_entries)
        day.most_entries = cache_count(day.cache);
    sooner(&next, day.next_demand);
    if (day.weather.others_each_ms > 0)
        sooner(&next, day.next_other);
    const long long deadline = cache_deadline(day.cache);
    if (deadline != 0)
        sooner(&next, deadline);
    return next > day.now ? next : day.now + 1;
}

static void live(const struct habits *habits, const struct weather *weather)
{
    struct ssa_error err;
    struct cache_answers answers;
    const long long begin = 5000;
    memset(&day, 0, sizeof day);
    day.cache = cache_new(&err);
    assert_non_null(day.cache);
    for (size_t i = 0; i < PROFILES; i++)
        cache_share_budget(day.cache, i, client_of(i));
    for (size_t i = 0; i < COUNT(day.waiters); i++) {
        day.waiters[i].next = day.free_waiters;
        day.free_waiters = &day.waiters[i];
    }
    day.habits = *habits;
    day.weather = *weather;
    for (day.now = begin; day.now < begin + DAY_MS;)
        day.now = moment();
    error_set(&err, SSA_UNEXPECTED, NULL, NULL, "the day is over");
    for (size_t i = 0; i < PROFILES; i++) {
        if (day.flights[i].entry != NULL)
            land(i);
        cache_forget(day.cache, i, &err, &answers);
        answer(&answers);
    }
    assert_true(cache_count(day.cache) == 0);
    cache_free(day.cache);
}

static void on_a_calm_day_everybody_is_served_from_the_cache(void **state)
{
    (void)state;
    live(&(struct habits){.usual = 9, .gap_ms = 300}, &(struct weather){0});
    assert_true(day.failed == 0);
    // Nobody waits but those who came first.
    assert_true(day.fetched <= 9 + day.waits && day.waits < 50);
    assert_true(day.hits > 200000);
    assert_true(day.most_entries <= 9);
    // A life of a minute is renewed after 80 %, give or take 4 %.
    assert_true(day.requests > 9UL * 24 * 60 && day.requests < 9UL * 24 * 60 * 100 / 74);
}

static void on_a_busy_day_the_budget_is_kept(void **state)
{
    (void)state;
    live(&(struct habits){.usual = 9, .rare_each = 40, .gap_ms = 300, .picky = 50}, &(struct weather){0});
    // All others were in a hurry.
    assert_true(day.limited > 0 && day.failed - day.limited < day.failed / 10);
    // Most of it is served all the same.
    assert_true(day.hits + day.fetched > 20 * day.failed);
    assert_true(day.most_entries < 100);
}

static void an_api_that_is_down_for_ten_minutes_is_got_over(void **state)
{
    (void)state;
    const long long from = 12LL * HOUR_MS, until = from + 600000;
    live(&(struct habits){.usual = 9, .gap_ms = 300}, &(struct weather){.down_from = from, .down_until = until});
    assert_true(day.failed > 0 && day.limited < day.failed / 100);
    // The last back-off, a try that began while it was down, and the next one.
    assert_true(day.last_failure < until + 60000);
    assert_true(day.most_entries <= 9);
}

static void another_host_with_the_same_client_id_is_left_its_part(void **state)
{
    (void)state;
    live(&(struct habits){.usual = 6, .gap_ms = 300}, &(struct weather){.others_each_ms = 20000});
    assert_true(day.hits > 200000);
    // What the API tells of the other's requests keeps most of its refusals away.
    assert_true(day.failed < day.hits / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_calm_day_everybody_is_served_from_the_cache),
        cmocka_unit_test(on_a_busy_day_the_budget_is_kept),
        cmocka_unit_test(an_api_that_is_down_for_ten_minutes_is_got_over),
        cmocka_unit_test(another_host_with_the_same_client_id_is_left_its_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
