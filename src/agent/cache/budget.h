// The requests that the API lets one client id make, which all profiles with that client id share. Milliseconds of the
// agent's clock.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "oauth/oauth.h"
#include "oauth/pace.h"

enum { BUDGET_UNKNOWN = -1 };

// All zero at first.
struct budget {
    struct pace pace;   // requests that were answered
    unsigned in_flight; // requests that were not answered yet
    unsigned others;    // those of other hosts, as far as the API told, and until when they count
    long long others_until;
    long long shut_until; // the API has refused one by its rate limit
    unsigned refusals;    // in a row
};

// How many requests may be sent now.
unsigned budget_left(const struct budget *budget, long long now);

// How long it takes until so many may be sent, at least 1. BUDGET_UNKNOWN: requests in flight must be answered before.
long long budget_delay(const struct budget *budget, unsigned requests, long long now);

// Notes that one is about to be sent, and then, how that ended: `sent` is how many were, perhaps none.
void budget_take(struct budget *budget);
void budget_end(struct budget *budget, unsigned sent, const struct oauth_limits *told, long long now, uint32_t random);
