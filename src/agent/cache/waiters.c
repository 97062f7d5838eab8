#include "agent/cache/waiters.h"

void cache_answers_end(struct cache_answers *answers)
{
    access_drop(answers->access);
    answers->access = NULL;
}

void waiters_begin(struct waiters *waiters)
{
    *waiters = (struct waiters){.last = &waiters->first};
}

void waiters_add(struct waiters *waiters, struct cache_waiter *waiter, long long deadline)
{
    *waiter = (struct cache_waiter){.deadline = deadline};
    *waiters->last = waiter;
    waiters->last = &waiter->next;
    waiters->count++;
}

void waiters_take(struct waiters *waiters, struct cache_answers *answers)
{
    if (waiters->first == NULL)
        return;
    *waiters->last = answers->waiters;
    answers->waiters = waiters->first;
    waiters_begin(waiters);
}

void waiters_take_expired(struct waiters *waiters, long long until, struct cache_answers *answers)
{
    struct cache_waiter **at = &waiters->first;
    while (*at != NULL) {
        struct cache_waiter *waiter = *at;
        if (waiter->deadline > until) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->next = answers->waiters;
        answers->waiters = waiter;
        waiters->count--;
    }
    waiters->last = at;
}

struct cache_waiter *waiters_leave(struct waiters *waiters, cache_is_waiter *is_it, const void *context)
{
    struct cache_waiter **at = &waiters->first;
    while (*at != NULL && !is_it(*at, context))
        at = &(*at)->next;
    struct cache_waiter *waiter = *at;
    if (waiter == NULL)
        return NULL;
    *at = waiter->next;
    if (waiter->next == NULL)
        waiters->last = at;
    waiters->count--;
    return waiter;
}
