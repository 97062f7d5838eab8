#include "agent/cache/cache_own.h"

#include <errno.h>
#include <stdlib.h>

#include "core/fnv.h"
#include "core/text.h"

struct cache *cache_new(struct ssa_error *err)
{
    struct cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the cache");
    return cache;
}

static void entry_free(struct cache_entry *entry)
{
    access_drop(entry->access);
    free(entry);
}

void cache_free(struct cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->count; i++)
        entry_free(cache->entries[i]);
    free(cache);
}

void cache_share_budget(struct cache *cache, size_t profile, size_t budget)
{
    cache->profiles[profile].budget = budget;
}

size_t cache_budget_number(const struct cache *cache, size_t profile)
{
    return cache->profiles[profile].budget;
}

struct budget *cache_budget(struct cache *cache, size_t profile)
{
    return &cache->budgets[cache->profiles[profile].budget];
}

const struct budget *cache_budget_at(const struct cache *cache, size_t budget)
{
    return &cache->budgets[budget];
}

// Most entries are told apart without a look at their scopes.
static uint64_t hash_of(size_t profile, const char *scope)
{
    return fnv_from(FNV_BASIS ^ profile, span_text(scope));
}

struct cache_entry *cache_find(const struct cache *cache, size_t profile, const char *scope)
{
    const uint64_t hash = hash_of(profile, scope);
    for (size_t i = 0; i < cache->count; i++) {
        struct cache_entry *entry = cache->entries[i];
        if (entry->hash == hash && entry->profile == profile && strcmp(entry->scope, scope) == 0)
            return entry;
    }
    return NULL;
}

static bool is_idle(const struct cache_entry *entry)
{
    return !entry->in_flight && entry->waiters.first == NULL;
}

static void remove_at(struct cache *cache, size_t at)
{
    entry_free(cache->entries[at]);
    cache->entries[at] = cache->entries[--cache->count];
}

// Makes room: the entry that nobody has asked for the longest goes.
static bool make_room(struct cache *cache)
{
    size_t oldest = CACHE_ENTRIES_MAX;
    if (cache->count < CACHE_ENTRIES_MAX)
        return true;
    for (size_t i = 0; i < cache->count; i++)
        if (is_idle(cache->entries[i]) &&
            (oldest == CACHE_ENTRIES_MAX || cache->entries[i]->asked_at < cache->entries[oldest]->asked_at))
            oldest = i;
    if (oldest == CACHE_ENTRIES_MAX)
        return false;
    remove_at(cache, oldest);
    return true;
}

struct cache_entry *cache_add(struct cache *cache, size_t profile, const char *scope)
{
    struct cache_entry *entry = make_room(cache) ? calloc(1, sizeof *entry) : NULL;
    if (entry == NULL)
        return NULL;
    entry->profile = profile;
    entry->hash = hash_of(profile, scope);
    waiters_begin(&entry->waiters);
    if (!text_format(entry->scope, sizeof entry->scope, "%s", scope)) {
        free(entry);
        return NULL;
    }
    cache->entries[cache->count++] = entry;
    return entry;
}

static bool remembers_failure(const struct cache_entry *entry, long long now)
{
    return entry->trouble.failures > 0 && now < entry->trouble.retry_at + CACHE_REMEMBERS_MS;
}

const struct trouble *cache_trouble(const struct cache *cache, const struct cache_entry *entry, size_t profile,
                                    long long now)
{
    const struct trouble *common = &cache->profiles[profile].trouble;
    if (now < common->retry_at)
        return common;
    return entry != NULL && now < entry->trouble.retry_at ? &entry->trouble : NULL;
}

unsigned seconds_of(long long ms)
{
    return ms <= 0 ? 0 : (unsigned)((ms + 999) / 1000);
}

bool entry_is_due(const struct cache_entry *entry, long long now)
{
    return entry->asked && entry->renew_at != 0 && now >= entry->renew_at && access_is_usable(entry->access, now);
}

static void drop_access(struct cache_entry *entry)
{
    access_drop(entry->access);
    entry->access = NULL;
    entry->renew_at = 0;
}

void cache_tidy(struct cache *cache, long long now)
{
    for (size_t i = cache->count; i-- > 0;) {
        struct cache_entry *entry = cache->entries[i];
        if (!access_is_usable(entry->access, now))
            drop_access(entry);
        if (entry->access == NULL && is_idle(entry) && !remembers_failure(entry, now))
            remove_at(cache, i);
    }
}

void cache_outdate(struct cache *cache, size_t profile)
{
    for (size_t i = cache->count; i-- > 0;) {
        struct cache_entry *entry = cache->entries[i];
        if (entry->profile != profile)
            continue;
        drop_access(entry);
        entry->discarded = entry->in_flight;
        if (is_idle(entry))
            remove_at(cache, i);
    }
}

void cache_forget(struct cache *cache, size_t profile, const struct ssa_error *err, struct cache_answers *answers)
{
    *answers = (struct cache_answers){.err = *err};
    for (size_t i = 0; i < cache->count; i++)
        if (cache->entries[i]->profile == profile)
            waiters_take(&cache->entries[i]->waiters, answers);
    cache_outdate(cache, profile);
}

void cache_relieve(struct cache *cache, size_t profile)
{
    cache->profiles[profile].trouble = (struct trouble){0};
    for (size_t i = 0; i < cache->count; i++)
        if (cache->entries[i]->profile == profile)
            cache->entries[i]->trouble = (struct trouble){0};
}

size_t cache_profile_entries(const struct cache *cache, size_t profile)
{
    size_t count = 0;
    for (size_t i = 0; i < cache->count; i++)
        count += cache->entries[i]->profile == profile;
    return count;
}

size_t cache_profile_waiting(const struct cache *cache, size_t profile)
{
    size_t count = 0;
    for (size_t i = 0; i < cache->count; i++)
        count += cache->entries[i]->profile == profile ? cache->entries[i]->waiters.count : 0;
    return count;
}

size_t cache_count(const struct cache *cache)
{
    return cache->count;
}

struct cache_view cache_look(const struct cache *cache, size_t at)
{
    const struct cache_entry *entry = cache->entries[at];
    return (struct cache_view){.profile = entry->profile,
                               .scope = entry->scope,
                               .access = entry->access,
                               .renews = entry->asked ? entry->renew_at : 0,
                               .in_flight = entry->in_flight};
}
