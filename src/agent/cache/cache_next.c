// What is fetched next, and when there is something to do.
#include "agent/cache/cache_own.h"

// What an entry needs now.
enum need {
    NEEDS_NOTHING,
    NEEDS_RENEWAL, // which can be put off
    NEEDS_TURN     // somebody waits, or a renewal can no longer be put off: it stands in the line
};

// *since is its place in the line.
static enum need need_of(const struct cache *cache, const struct cache_entry *entry, long long now, long long *since)
{
    if (entry->in_flight || cache_trouble(cache, entry, entry->profile, now) != NULL)
        return NEEDS_NOTHING;
    const bool due = entry_is_due(entry, now);
    const bool urgent = due && now >= entry->urgent_at;
    if (entry->waiters.first != NULL) {
        *since = urgent && entry->urgent_at < entry->queued_at ? entry->urgent_at : entry->queued_at;
        return NEEDS_TURN;
    }
    *since = urgent ? entry->urgent_at : entry->renew_at;
    return urgent ? NEEDS_TURN : due ? NEEDS_RENEWAL : NEEDS_NOTHING;
}

struct choice {
    struct cache_entry *entry;
    enum need need;
    long long since;
    unsigned before; // how many of other profiles stand before it in the line of their common budget
};

static bool is_better(const struct choice *choice, enum need need, long long since)
{
    if (choice->entry == NULL || need != choice->need)
        return choice->entry == NULL || need > choice->need;
    return since < choice->since;
}

static struct choice choose(const struct cache *cache, size_t profile, long long now)
{
    struct choice best = {0};
    long long since = 0;
    for (size_t i = 0; i < cache->count; i++) {
        struct cache_entry *entry = cache->entries[i];
        const enum need need = entry->profile == profile ? need_of(cache, entry, now, &since) : NEEDS_NOTHING;
        if (need != NEEDS_NOTHING && is_better(&best, need, since))
            best = (struct choice){.entry = entry, .need = need, .since = since};
    }
    const size_t budget = cache->profiles[profile].budget;
    for (size_t i = 0; best.entry != NULL && i < cache->count; i++) {
        const struct cache_entry *entry = cache->entries[i];
        const bool rival = entry->profile != profile && cache->profiles[entry->profile].budget == budget;
        if (rival && need_of(cache, entry, now, &since) == NEEDS_TURN &&
            (best.need == NEEDS_RENEWAL || since < best.since))
            best.before++;
    }
    return best;
}

// How long the choice has to wait for the budget.
static long long choice_delay(const struct cache *cache, const struct choice *choice, long long now)
{
    const struct budget *budget = &cache->budgets[cache->profiles[choice->entry->profile].budget];
    const unsigned kept = choice->need == NEEDS_RENEWAL ? CACHE_KEPT : 0;
    const unsigned most = pace_most(&budget->pace), wanted = 1 + choice->before + kept;
    // Where the API takes only a few requests, a renewal that can wait does so until it is urgent.
    return wanted > most ? (choice->need == NEEDS_RENEWAL ? BUDGET_UNKNOWN : budget_delay(budget, most, now))
                         : budget_delay(budget, wanted, now);
}

struct cache_entry *cache_next(struct cache *cache, size_t profile, long long now)
{
    const struct choice choice = choose(cache, profile, now);
    if (choice.entry == NULL || choice_delay(cache, &choice, now) != 0)
        return NULL;
    choice.entry->in_flight = true;
    choice.entry->renews = choice.entry->waiters.first == NULL;
    choice.entry->budget = cache->profiles[profile].budget;
    budget_take(cache_budget(cache, profile));
    return choice.entry;
}

static void sooner(long long *time, long long other, long long now)
{
    if (other > now && other < *time)
        *time = other;
}

long long cache_wakes(const struct cache *cache, size_t profile, long long now, long long most_ms)
{
    long long wakes = now + most_ms;
    sooner(&wakes, cache->profiles[profile].trouble.retry_at, now);
    for (size_t i = 0; i < cache->count; i++) {
        const struct cache_entry *entry = cache->entries[i];
        if (entry->profile != profile || entry->in_flight)
            continue;
        sooner(&wakes, entry->trouble.retry_at, now);
        if (entry->access == NULL)
            continue;
        sooner(&wakes, entry->access->ends_ms - ACCESS_LEAST_MS + 1, now);
        // Somebody may ask for it until then.
        if (entry->renew_at == 0)
            continue;
        sooner(&wakes, entry->renew_at, now);
        sooner(&wakes, entry->urgent_at, now);
    }
    const struct choice choice = choose(cache, profile, now);
    if (choice.entry == NULL)
        return wakes;
    const long long delay = choice_delay(cache, &choice, now);
    sooner(&wakes, now + (delay == 0 ? 1 : delay), now);
    return wakes;
}

const char *cache_entry_scope(const struct cache_entry *entry)
{
    return entry->scope;
}

bool cache_entry_renews(const struct cache_entry *entry)
{
    return entry->renews;
}

bool cache_entry_is_discarded(const struct cache_entry *entry)
{
    return entry->discarded;
}
