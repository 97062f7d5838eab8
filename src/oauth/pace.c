#include "oauth/pace.h"

long pace_limit(const struct pace *pace)
{
    return pace->limit > 0 ? pace->limit : PACE_MOST;
}

long long pace_delay(const struct pace *pace, long long now_ms)
{
    // A higher limit makes the window shorter, a lower one takes fewer requests in it.
    const long limit = pace_limit(pace);
    const unsigned long most = limit < PACE_MOST ? (unsigned long)limit : PACE_MOST;
    if (pace->count < most)
        return 0;
    const long long window = PACE_MINUTE_MS * (long long)most / limit;
    const long long free_at = pace->at[(pace->count - most) % PACE_MOST] + window;
    return free_at > now_ms ? free_at - now_ms : 0;
}

void pace_note(struct pace *pace, long long now_ms)
{
    pace->at[pace->count++ % PACE_MOST] = now_ms;
}
