// The inside of the cache, for its own files.
#pragma once

#include "agent/cache/cache.h"
#include "agent/cache/schedule.h"

// Failures in a row.
struct trouble {
    unsigned failures;
    long long retry_at; // no try before
    bool told;          // those who waited were told, and who comes is told at once
    struct ssa_error err;
};

struct cache_entry {
    size_t profile;
    uint64_t hash;
    char scope[ACCESS_SCOPE_MAX];
    struct access *access; // NULL: none
    long long renew_at;    // 0: never
    long long urgent_at;   // from when on the renewal is not put off
    bool asked;            // since the access token was obtained
    long long asked_at;
    bool in_flight, renews, discarded;
    size_t budget;    // that the request in flight is of: the profile may have another one by now
    bool tried_again; // after CACHE_CHANGED
    struct waiters waiters;
    long long queued_at; // since when somebody waits
    struct trouble trouble;
};

struct cache {
    struct cache_entry *entries[CACHE_ENTRIES_MAX];
    size_t count;
    struct {
        size_t budget;
        struct trouble trouble; // of all its scopes
    } profiles[CACHE_PROFILES_MAX];
    struct budget budgets[CACHE_PROFILES_MAX];
};

struct cache_entry *cache_find(const struct cache *cache, size_t profile, const char *scope);
// NULL where there is no room or no memory.
struct cache_entry *cache_add(struct cache *cache, size_t profile, const char *scope);

// The trouble for which the entry must wait now; NULL: none.
const struct trouble *cache_trouble(const struct cache *cache, const struct cache_entry *entry, size_t profile,
                                    long long now);

// Whether the access token is to be renewed, and may be.
bool entry_is_due(const struct cache_entry *entry, long long now);

// Whole seconds, rounded up.
unsigned seconds_of(long long ms);
