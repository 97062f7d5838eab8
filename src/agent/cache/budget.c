#include "agent/cache/budget.h"

#include "agent/cache/schedule.h"

static long long later(long long a, long long b)
{
    return a > b ? a : b;
}

// The delay of so many requests by our own count alone.
static long long own_delay(const struct budget *budget, unsigned requests, long long now)
{
    return requests > pace_most(&budget->pace) ? BUDGET_UNKNOWN : pace_delay_of(&budget->pace, requests, now);
}

long long budget_delay(const struct budget *budget, unsigned requests, long long now)
{
    const unsigned most = pace_most(&budget->pace), wanted = requests < most ? requests : most;
    const long long own = own_delay(budget, wanted + budget->in_flight, now);
    if (own == BUDGET_UNKNOWN)
        return BUDGET_UNKNOWN;
    long long delay = later(own, budget->shut_until - now);
    const long long others_go = budget->others_until - now;
    if (others_go > 0) {
        const long long with = own_delay(budget, wanted + budget->in_flight + budget->others, now);
        delay = later(delay, with == BUDGET_UNKNOWN || with > others_go ? others_go : with);
    }
    return delay;
}

unsigned budget_left(const struct budget *budget, long long now)
{
    unsigned left = pace_most(&budget->pace);
    while (left > 0 && budget_delay(budget, left, now) != 0)
        left--;
    return left;
}

void budget_take(struct budget *budget)
{
    budget->in_flight++;
}

// What the API still takes, and we would not have sent, others have used.
static void note_others(struct budget *budget, long remaining, long long now)
{
    unsigned left = pace_most(&budget->pace);
    while (left > 0 && pace_delay_of(&budget->pace, left, now) != 0)
        left--;
    budget->others = remaining < (long)left ? left - (unsigned)remaining : 0;
    budget->others_until = now + PACE_MINUTE_MS;
}

void budget_end(struct budget *budget, unsigned sent, const struct oauth_limits *told, long long now, uint32_t random)
{
    budget->in_flight--;
    for (unsigned i = 0; i < sent; i++)
        pace_note(&budget->pace, now);
    if (sent == 0)
        return;
    if (told->value > 0)
        budget->pace.limit = told->value;
    if (told->remaining >= 0)
        note_others(budget, told->remaining, now);
    budget->refusals = told->limited ? budget->refusals + 1 : 0;
    if (!told->limited)
        return;
    const long long asked = told->retry_after * 1000;
    const long long wait = told->retry_after < 0     ? schedule_limited(budget->refusals, random)
                           : asked < LIMITED_TOLD_MS ? asked
                                                     : LIMITED_TOLD_MS;
    budget->shut_until = now + later(wait, LIMITED_MS / 4);
}
