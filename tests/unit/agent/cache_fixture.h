// A cache with a clock of its own, and what it gave last, for the tests of its rules.
#pragma once

#include "core/unit.h"

#include "agent/cache/cache.h"

enum { LIFE_S = 3600, LIFE_MS = LIFE_S * 1000, RANDOM = 400 }; // in the middle, for a renewal

extern struct cache *cache;
extern long long now;
// Those who wait, in the order in which they came.
extern struct cache_waiter waiters[2 * CACHE_WAITERS_MAX];

// What the last demand or answer had.
struct got {
    struct access *access;
    struct ssa_error err;
    unsigned retry_after, answered;
    bool due; // a renewal
};
extern struct got got;

int fixture_begin(void **state);
int fixture_end(void **state);

enum cache_reply ask_for(const struct cache_demand *demand);
enum cache_reply ask(const char *scope);
bool gives(const char *scope, const char *text);

// The entry of profile 0 that is to be fetched now, and what a fetch that succeeds gives.
struct cache_entry *next(void);
struct cache_sent one_request(void);
void fetched(struct cache_entry *entry, const char *text, long long lifetime_s);
void take(struct cache_answers *answers);

// Has an access token in the cache.
void have(const char *scope, const char *text);
