// Those who ask, and those who wait.
#include "agent/cache/cache_own.h"

// Which part of its life an access token counts as new where it is too short for what a caller wants.
enum { NEW_PART = 10 };

// The error for a spent budget.
static void budget_error(struct ssa_error *err, long long delay, unsigned *retry_after)
{
    error_because(err, SSA_RATE_LIMIT, SSA_REASON_AGENT_BUDGET, NULL,
                  "the requests of this minute to the API are used up");
    *retry_after = delay == BUDGET_UNKNOWN ? 1 : seconds_of(delay);
}

static bool is_long_enough(const struct access *access, long long min_ttl_ms, long long now)
{
    const long long life = access->ends_ms - access->obtained_ms;
    if (access->ends_ms - now >= min_ttl_ms)
        return true;
    // Else whoever wants nearly all of its life would use up the requests that the API takes.
    return min_ttl_ms > life - life / NEW_PART && now - access->obtained_ms < life / NEW_PART;
}

static bool is_hit(const struct cache_entry *entry, const struct cache_demand *demand, long long now)
{
    return entry != NULL && !demand->force && access_is_usable(entry->access, now) &&
           is_long_enough(entry->access, demand->min_ttl_ms, now);
}

static size_t count_waiting(const struct cache *cache)
{
    size_t count = 0;
    for (size_t i = 0; i < cache->count; i++)
        count += cache->entries[i]->waiters.count;
    return count;
}

// Whether a wait is of no use.
static bool is_hopeless(struct cache *cache, const struct cache_entry *entry, const struct cache_demand *demand,
                        long long now, struct ssa_error *err, unsigned *retry_after)
{
    const bool in_flight = entry != NULL && entry->in_flight && !entry->discarded;
    const struct trouble *trouble = cache_trouble(cache, entry, demand->profile, now);
    const long long delay = budget_delay(cache_budget(cache, demand->profile), 1, now);
    if (!in_flight && trouble != NULL && trouble->told) {
        *err = trouble->err;
        *retry_after = seconds_of(trouble->retry_at - now);
        return true;
    }
    if (!in_flight && delay > demand->deadline - now) {
        budget_error(err, delay, retry_after);
        return true;
    }
    const size_t waiting = count_waiting(cache);
    if (waiting < CACHE_WAITERS_MAX)
        return false;
    *retry_after = 1;
    error_because(err, SSA_RATE_LIMIT, SSA_REASON_AGENT_BUDGET, NULL, "%zu callers wait already", waiting);
    return true;
}

enum cache_reply cache_ask(struct cache *cache, const struct cache_demand *demand, struct cache_waiter *waiter,
                           long long now, struct access **access, struct ssa_error *err, unsigned *retry_after)
{
    struct cache_entry *entry = cache_find(cache, demand->profile, demand->scope);
    const bool first = entry != NULL && !entry->asked;
    if (entry != NULL) {
        entry->asked = true;
        entry->asked_at = now;
    }
    if (is_hit(entry, demand, now)) {
        *access = access_keep(entry->access);
        // Those that were asked for before are renewed anyway.
        return first && entry_is_due(entry, now) ? CACHE_HIT_DUE : CACHE_HIT;
    }
    if (is_hopeless(cache, entry, demand, now, err, retry_after))
        return CACHE_FAILED;
    if (entry == NULL)
        entry = cache_add(cache, demand->profile, demand->scope);
    if (entry == NULL) {
        *retry_after = 1;
        error_because(err, SSA_RATE_LIMIT, SSA_REASON_AGENT_BUDGET, NULL,
                      "too many different scopes are asked for at the same time");
        return CACHE_FAILED;
    }
    entry->asked_at = now;
    if (entry->waiters.first == NULL)
        entry->queued_at = now;
    waiters_add(&entry->waiters, waiter, demand->deadline);
    return CACHE_WAITS;
}

struct cache_waiter *cache_leave(struct cache *cache, cache_is_waiter *is_it, const void *context)
{
    struct cache_waiter *waiter = NULL;
    for (size_t i = 0; i < cache->count && waiter == NULL; i++)
        waiter = waiters_leave(&cache->entries[i]->waiters, is_it, context);
    return waiter;
}

// Why they have waited in vain.
static void explain(struct cache *cache, const struct cache_entry *entry, long long now, struct cache_answers *answers)
{
    const struct trouble *trouble = cache_trouble(cache, entry, entry->profile, now);
    const long long delay = budget_delay(cache_budget(cache, entry->profile), 1, now);
    if (trouble != NULL) {
        answers->err = trouble->err;
        answers->retry_after = seconds_of(trouble->retry_at - now);
    } else if (!entry->in_flight && delay != 0) {
        budget_error(&answers->err, delay, &answers->retry_after);
    } else {
        error_because(&answers->err, SSA_NETWORK, SSA_REASON_TIMEOUT, NULL, "the access token was not fetched in time");
    }
}

bool cache_expired(struct cache *cache, long long now, struct cache_answers *answers)
{
    *answers = (struct cache_answers){0};
    for (size_t i = 0; i < cache->count && answers->waiters == NULL; i++) {
        waiters_take_expired(&cache->entries[i]->waiters, now, answers);
        if (answers->waiters != NULL)
            explain(cache, cache->entries[i], now, answers);
    }
    return answers->waiters != NULL;
}

long long cache_deadline(const struct cache *cache)
{
    long long first = 0;
    for (size_t i = 0; i < cache->count; i++)
        for (const struct cache_waiter *w = cache->entries[i]->waiters.first; w != NULL; w = w->next)
            if (first == 0 || w->deadline < first)
                first = w->deadline;
    return first;
}
