// How a fetch ended.
#include "agent/cache/cache_own.h"

// The entry is in flight no more. Returns whether its result is wanted.
static bool land(struct cache *cache, struct cache_entry *entry, const struct cache_sent *sent, long long now,
                 uint32_t random, struct cache_answers *answers)
{
    const bool wanted = !entry->discarded;
    *answers = (struct cache_answers){0};
    budget_end(&cache->budgets[entry->budget], sent->requests, &sent->told, now, random);
    entry->in_flight = entry->discarded = false;
    return wanted;
}

void cache_fetched(struct cache *cache, struct cache_entry *entry, struct access *access, const struct cache_sent *sent,
                   long long now, uint32_t random, struct cache_answers *answers)
{
    if (!land(cache, entry, sent, now, random, answers)) {
        access_drop(access);
        return;
    }
    access_drop(entry->access);
    entry->access = access;
    entry->asked = false;
    entry->tried_again = false;
    entry->trouble = cache->profiles[entry->profile].trouble = (struct trouble){0};
    // Where the API does not say how long it lives, it is for those who wait now.
    const long long until = access->ends_ms - ACCESS_LEAST_MS;
    entry->renew_at = until > access->obtained_ms ? schedule_renewal(access->obtained_ms, until, random) : 0;
    entry->urgent_at = schedule_urgent(entry->renew_at, until);
    waiters_take(&entry->waiters, answers);
    answers->access = access_keep(access);
}

// Answers those who would wait beyond the time when the API takes the next request.
static void limited(struct cache *cache, struct cache_entry *entry, const struct ssa_error *err, long long now,
                    struct cache_answers *answers)
{
    const long long delay = budget_delay(cache_budget(cache, entry->profile), 1, now);
    answers->err = *err;
    answers->retry_after = seconds_of(delay);
    waiters_take_expired(&entry->waiters, now + delay, answers);
}

// Notes the failure, and says whether it is told.
static bool note(struct trouble *trouble, enum cache_failure kind, const struct ssa_error *err, long long now,
                 uint32_t random)
{
    if (now > trouble->retry_at + CACHE_REMEMBERS_MS)
        trouble->failures = 0;
    trouble->failures++;
    const bool quick = kind == CACHE_PASSES && trouble->failures <= QUICK_TRIES;
    trouble->err = *err;
    trouble->told = !quick;
    trouble->retry_at = now + (quick ? schedule_quick(trouble->failures, random)
                                     : schedule_back_off(trouble->failures, kind != CACHE_PASSES, random));
    return trouble->told;
}

void cache_failed(struct cache *cache, struct cache_entry *entry, enum cache_failure kind, bool common,
                  const struct ssa_error *err, const struct cache_sent *sent, long long now, uint32_t random,
                  struct cache_answers *answers)
{
    if (!land(cache, entry, sent, now, random, answers))
        return;
    if (kind == CACHE_LIMITED) {
        limited(cache, entry, err, now, answers);
        return;
    }
    if (kind == CACHE_CHANGED && !entry->tried_again) {
        entry->tried_again = true;
        return;
    }
    entry->tried_again = false;
    struct trouble *trouble = common ? &cache->profiles[entry->profile].trouble : &entry->trouble;
    if (!note(trouble, kind, err, now, random))
        return;
    answers->err = *err;
    answers->retry_after = seconds_of(trouble->retry_at - now);
    for (size_t i = 0; i < cache->count; i++)
        if (cache->entries[i] == entry || (common && cache->entries[i]->profile == entry->profile))
            waiters_take(&cache->entries[i]->waiters, answers);
}
