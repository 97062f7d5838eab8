#include "oauth/pace.h"

long pace_limit(const struct pace *pace)
{
    return pace->limit > 0 ? pace->limit : PACE_MOST;
}

unsigned pace_most(const struct pace *pace)
{
    // A higher limit makes the window shorter, a lower one takes fewer requests in it.
    const long limit = pace_limit(pace);
    return limit < PACE_MOST ? (unsigned)limit : PACE_MOST;
}

long long pace_delay_of(const struct pace *pace, unsigned requests, long long now_ms)
{
    const unsigned long most = pace_most(pace), others = most - requests;
    if (pace->count <= others)
        return 0;
    // The request that must be out of the window first.
    const long long window = PACE_MINUTE_MS * (long long)most / pace_limit(pace);
    const long long free_at = pace->at[(pace->count - others - 1) % PACE_MOST] + window;
    return free_at > now_ms ? free_at - now_ms : 0;
}

long long pace_delay(const struct pace *pace, long long now_ms)
{
    return pace_delay_of(pace, 1, now_ms);
}

void pace_note(struct pace *pace, long long now_ms)
{
    pace->at[pace->count++ % PACE_MOST] = now_ms;
}
