// The clock for lifetimes, in milliseconds: nobody sets it, and unlike that of core/monotonic.h it goes on while the
// machine sleeps.
#pragma once

#include <time.h>

static inline long long boot_ms(void)
{
    struct timespec now = {0};
    // It fails only for a clock that does not exist.
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
