// A point in time in seconds since the epoch (UTC). It is not known if the API did not tell it.
#pragma once

#include <stdbool.h>

struct ssa_time {
    bool known;
    long long seconds;
};
