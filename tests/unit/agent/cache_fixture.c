#include "agent/cache_fixture.h"

#include "core/text.h"

struct cache *cache;
long long now;
struct cache_waiter waiters[2 * CACHE_WAITERS_MAX];
static size_t waiter_count;
struct got got;

int fixture_begin(void **state)
{
    (void)state;
    struct ssa_error err;
    cache = cache_new(&err);
    cache_share_budget(cache, 1, 1);
    now = 1000000;
    waiter_count = 0;
    return cache == NULL ? -1 : 0;
}

int fixture_end(void **state)
{
    (void)state;
    struct cache_answers answers;
    for (size_t i = 0; i < CACHE_PROFILES_MAX; i++) {
        cache_forget(cache, i, &got.err, &answers);
        cache_answers_end(&answers);
    }
    cache_free(cache);
    access_drop(got.access);
    got.access = NULL;
    return 0;
}

void take(struct cache_answers *answers)
{
    got.answered = 0;
    for (const struct cache_waiter *w = answers->waiters; w != NULL; w = w->next)
        got.answered++;
    if (got.answered > 0) {
        access_drop(got.access);
        got.access = answers->access != NULL ? access_keep(answers->access) : NULL;
        got.err = answers->err;
        got.retry_after = answers->retry_after;
    }
    cache_answers_end(answers);
}

enum cache_reply ask_for(const struct cache_demand *demand)
{
    struct cache_demand wanted = *demand;
    if (wanted.deadline == 0)
        wanted.deadline = now + 60000;
    access_drop(got.access);
    got.access = NULL;
    const enum cache_reply reply =
        cache_ask(cache, &wanted, &waiters[waiter_count], now, &got.access, &got.err, &got.retry_after);
    waiter_count += reply == CACHE_WAITS;
    got.due = reply == CACHE_HIT_DUE;
    return got.due ? CACHE_HIT : reply;
}

enum cache_reply ask(const char *scope)
{
    return ask_for(&(struct cache_demand){.scope = scope});
}

struct cache_sent one_request(void)
{
    return (struct cache_sent){.requests = 1, .told = {.remaining = -1, .retry_after = -1}};
}

void fetched(struct cache_entry *entry, const char *text, long long lifetime_s)
{
    struct ssa_error err;
    struct cache_answers answers;
    const struct cache_sent sent = one_request();
    struct access *made = access_new(span_text(text), cache_entry_scope(entry), now, lifetime_s, &err);
    assert_non_null(made);
    cache_fetched(cache, entry, made, &sent, now, RANDOM, &answers);
    take(&answers);
}

struct cache_entry *next(void)
{
    return cache_next(cache, 0, now);
}

void have(const char *scope, const char *text)
{
    assert_int_equal(ask(scope), CACHE_WAITS);
    struct cache_entry *entry = next();
    assert_non_null(entry);
    fetched(entry, text, LIFE_S);
}

bool gives(const char *scope, const char *text)
{
    return ask(scope) == CACHE_HIT && strcmp(secret_text(&got.access->token), text) == 0;
}
