// When an access token is renewed, and when a fetch that failed is tried again. In milliseconds of the agent's clock.
//
// `random` is any number: agents that began at the same moment must not all ask the API at the same moment.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    RENEWAL_PERCENT = 80, // of an access token's life
    RENEWAL_SPREAD = 4,   // percent more or less

    QUICK_TRIES = 2, // further tries while callers wait, before a failure that may pass is told
    QUICK_TRY_MS = 500,
    BACK_OFF_MS = 1000,        // after a failure that may pass; doubled each time
    BACK_OFF_MOST_MS = 30000,  //
    REFUSED_MS = 10000,        // after one that lasts until somebody does something
    REFUSED_MOST_MS = 300000,  //
    LIMITED_MS = 2000,         // after the API's rate limit, where the API does not say how long
    LIMITED_MOST_MS = 60000,   //
    LIMITED_TOLD_MS = 3600000, // the longest time that is believed where it says how long
};

// When a life from `from` to `ends` is to be renewed, and from when on its renewal must not be put off any longer.
long long schedule_renewal(long long from, long long ends, uint32_t random);
long long schedule_urgent(long long renewal, long long ends);

// How long to wait after so many failures in a row (1 or more). It varies by a quarter.
long long schedule_quick(unsigned failures, uint32_t random);
long long schedule_back_off(unsigned failures, bool lasts, uint32_t random);
long long schedule_limited(unsigned failures, uint32_t random);
