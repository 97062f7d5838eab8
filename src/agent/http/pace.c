#include "agent/http/pace.h"

void pace_open(struct pace *pace, unsigned most, long long period_ms)
{
    *pace = (struct pace){.period_ms = period_ms, .most = most};
    (void)pthread_mutex_init(&pace->mutex, NULL);
}

void pace_close(struct pace *pace)
{
    (void)pthread_mutex_destroy(&pace->mutex);
}

bool pace_allows(struct pace *pace, size_t share, long long now_ms, long long *wait_ms)
{
    (void)pthread_mutex_lock(&pace->mutex);
    if (pace->shares[share].count == 0 || now_ms - pace->shares[share].begun_ms >= pace->period_ms) {
        pace->shares[share].begun_ms = now_ms;
        pace->shares[share].count = 0;
    }
    const bool allowed = pace->shares[share].count < pace->most;
    if (allowed)
        pace->shares[share].count++;
    *wait_ms = pace->shares[share].begun_ms + pace->period_ms - now_ms;
    (void)pthread_mutex_unlock(&pace->mutex);
    return allowed;
}
