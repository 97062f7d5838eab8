// Keeping to the API's rate limit.
#include "oauth/pace.h"

long long pace_delay(const struct pace *pace, long long now_ms)
{
    if (pace->count < PACE_MOST)
        return 0;
    // The oldest of the last ones stands where the next will be put.
    const long long free_at = pace->at[pace->count % PACE_MOST] + PACE_WINDOW_MS;
    return free_at > now_ms ? free_at - now_ms : 0;
}

void pace_note(struct pace *pace, long long now_ms)
{
    pace->at[pace->count++ % PACE_MOST] = now_ms;
}
