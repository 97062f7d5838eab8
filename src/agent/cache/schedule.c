#include "agent/cache/schedule.h"

long long schedule_renewal(long long from, long long ends, uint32_t random)
{
    enum { FINE = 100, SPREAD = 2 * RENEWAL_SPREAD * FINE + 1 };
    const long long share = (RENEWAL_PERCENT - RENEWAL_SPREAD) * (long long)FINE + random % SPREAD;
    return from + (ends - from) * share / (100LL * FINE);
}

long long schedule_urgent(long long renewal, long long ends)
{
    return renewal + (ends - renewal) / 2;
}

static long long doubled(long long first, unsigned failures, long long most, uint32_t random)
{
    enum { DOUBLED_MOST = 16 };
    const unsigned times = failures < 1 ? 0 : failures - 1 < DOUBLED_MOST ? failures - 1 : DOUBLED_MOST;
    const long long grown = first << times, base = grown < most ? grown : most;
    return base - base / 4 + (long long)(random % (uint32_t)(base / 2 + 1));
}

long long schedule_quick(unsigned failures, uint32_t random)
{
    return doubled(QUICK_TRY_MS, failures, BACK_OFF_MOST_MS, random);
}

long long schedule_back_off(unsigned failures, bool lasts, uint32_t random)
{
    return lasts ? doubled(REFUSED_MS, failures, REFUSED_MOST_MS, random)
                 : doubled(BACK_OFF_MS, failures, BACK_OFF_MOST_MS, random);
}

long long schedule_limited(unsigned failures, uint32_t random)
{
    return doubled(LIMITED_MS, failures, LIMITED_MOST_MS, random);
}
