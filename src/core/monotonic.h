// The clock for deadlines, in milliseconds. It is never set back.
#pragma once

#include <time.h>

static inline long long monotonic_ms(void)
{
    struct timespec now = {0};
    // It fails only for a clock that does not exist.
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The same clock, in nanoseconds.
static inline long long monotonic_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Sleeps so long; a signal may end it before.
static inline void pause_ms(unsigned ms)
{
    const struct timespec length = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&length, NULL);
}
