// The cache of access tokens: an entry for each profile and set of scopes, who waits for it, and what is to be fetched
// next. It decides, and does nothing: the caller fetches, tells the time (boot_ms) and random numbers, and lets only
// one thread in.
#pragma once

#include "agent/cache/budget.h"
#include "agent/cache/waiters.h"

enum {
    CACHE_PROFILES_MAX = 8,
    CACHE_ENTRIES_MAX = 256,
    CACHE_WAITERS_MAX = 4096,
    CACHE_KEPT = 3,             // of the budget: renewals that can wait leave so many requests to those who wait
    CACHE_REMEMBERS_MS = 600000 // so long an entry is kept after its failure, so that the next wait is longer
};

struct cache;
struct cache_entry;

struct cache *cache_new(struct ssa_error *err) MUST_CHECK;
// Nobody must wait any more.
void cache_free(struct cache *cache);

// Profiles with the same client id and address have one budget: their `budget` is the same number below
// CACHE_PROFILES_MAX.
void cache_share_budget(struct cache *cache, size_t profile, size_t budget);
size_t cache_budget_number(const struct cache *cache, size_t profile);
struct budget *cache_budget(struct cache *cache, size_t profile);
const struct budget *cache_budget_at(const struct cache *cache, size_t budget);

struct cache_demand {
    size_t profile;
    const char *scope;    // a set (scope_set.h)
    long long min_ttl_ms; // what must be left of it
    bool force;           // a new one is wanted
    long long deadline;   // of the wait
};

enum cache_reply { CACHE_HIT, CACHE_HIT_DUE, CACHE_FAILED, CACHE_WAITS };

// CACHE_HIT: *access is given, with one user for the caller. CACHE_HIT_DUE: the same, and there is a renewal to be
// done. CACHE_FAILED: *err and *retry_after are filled. CACHE_WAITS: the waiter is in the line, and one of the
// functions below will answer him; *err is not touched.
//
// An access token that is valid for less than min_ttl is not given, except within the first tenth of its life: the API
// does not give longer ones, and a caller that always wants more would use up the budget. A wait that cannot help, as
// the budget is spent until after its end, is refused at once.
enum cache_reply cache_ask(struct cache *cache, const struct cache_demand *demand, struct cache_waiter *waiter,
                           long long now, struct access **access, struct ssa_error *err, unsigned *retry_after);

// The entry of a profile that is to be fetched now; NULL: none. It is in flight from now on, and has its request of the
// budget. Those who wait come in the order in which they came, over all profiles with the same budget. Renewals come
// when nobody waits, and leave CACHE_KEPT requests, until they become urgent: then they stand in the same line.
struct cache_entry *cache_next(struct cache *cache, size_t profile, long long now);
const char *cache_entry_scope(const struct cache_entry *entry);
// Whether nobody has waited for it when it was chosen.
bool cache_entry_renews(const struct cache_entry *entry);
// Whether the fetch is of no use any more, since the profile was locked meanwhile.
bool cache_entry_is_discarded(const struct cache_entry *entry);

// The end of that fetch. Either takes care of the entry's request of the budget.
struct cache_sent {
    unsigned requests; // that were sent
    struct oauth_limits told;
};
// Takes over the caller's use of the access token.
void cache_fetched(struct cache *cache, struct cache_entry *entry, struct access *access, const struct cache_sent *sent,
                   long long now, uint32_t random, struct cache_answers *answers);

enum cache_failure {
    CACHE_PASSES,  // may pass by itself: two more tries are made while somebody waits
    CACHE_LASTS,   // somebody must do something
    CACHE_CHANGED, // something was found out that makes another try worth it; once. As CACHE_LASTS the second time
    CACHE_LIMITED  // by the API's rate limit: those who wait go on waiting
};
// With `common`, other scopes of the profile would fail in the same way. Those who are answered get err.
void cache_failed(struct cache *cache, struct cache_entry *entry, enum cache_failure kind, bool common,
                  const struct ssa_error *err, const struct cache_sent *sent, long long now, uint32_t random,
                  struct cache_answers *answers);

// Forgets the access tokens of a profile; those who wait for one get err. What is in flight is discarded.
void cache_forget(struct cache *cache, size_t profile, const struct ssa_error *err, struct cache_answers *answers);
// The same, but those who wait get a new one.
void cache_outdate(struct cache *cache, size_t profile);
// Forgets the failures of a profile, since something has changed.
void cache_relieve(struct cache *cache, size_t profile);

// Takes one out of the line who does not wait any more: the first one who is it. NULL where nobody is.
struct cache_waiter *cache_leave(struct cache *cache, cache_is_waiter *is_it, const void *context);

// Finds those whose wait is over: true while there are some.
bool cache_expired(struct cache *cache, long long now, struct cache_answers *answers);
// The end of the first wait; 0: nobody waits.
long long cache_deadline(const struct cache *cache);

// Drops what is over.
void cache_tidy(struct cache *cache, long long now);
// When there may be something to do for a profile: by cache_next or cache_tidy. Not later than now + most_ms.
long long cache_wakes(const struct cache *cache, size_t profile, long long now, long long most_ms);

size_t cache_profile_entries(const struct cache *cache, size_t profile);
size_t cache_profile_waiting(const struct cache *cache, size_t profile);

struct cache_view {
    size_t profile;
    const char *scope;           // borrowed
    const struct access *access; // borrowed; NULL: none
    long long renews;            // 0: it is not renewed
    bool in_flight;
};
size_t cache_count(const struct cache *cache);
struct cache_view cache_look(const struct cache *cache, size_t entry);
