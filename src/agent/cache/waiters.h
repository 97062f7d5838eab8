// Those who wait for one access token, in a line, and how they are answered.
#pragma once

#include "agent/cache/access.h"

// Somebody who waits: a part of what the caller knows of him, which is not moved meanwhile.
struct cache_waiter {
    struct cache_waiter *next;
    long long deadline;
};

// Those who are answered at once, and all in the same way.
struct cache_answers {
    struct cache_waiter *waiters; // a list; NULL: nobody
    struct access *access;        // one user of it is the answers'; NULL: they get the error
    struct ssa_error err;
    unsigned retry_after; // seconds; 0: not known
};
void cache_answers_end(struct cache_answers *answers);

// A line, which is not moved once it has begun.
struct waiters {
    struct cache_waiter *first, **last; // first is NULL: nobody waits
    size_t count;
};
void waiters_begin(struct waiters *waiters);
void waiters_add(struct waiters *waiters, struct cache_waiter *waiter, long long deadline);

// Moves all to the answers.
void waiters_take(struct waiters *waiters, struct cache_answers *answers);
// Moves those whose wait ends until then.
void waiters_take_expired(struct waiters *waiters, long long until, struct cache_answers *answers);

// Takes out the first one who is it. NULL where nobody is.
typedef bool cache_is_waiter(const struct cache_waiter *waiter, const void *context);
struct cache_waiter *waiters_leave(struct waiters *waiters, cache_is_waiter *is_it, const void *context);
