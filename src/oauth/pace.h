// How we keep the API's rate limit: so many requests in a sliding window.
#pragma once

enum { PACE_MOST = 10, PACE_MINUTE_MS = 60000 };

// When the last requests were answered, in milliseconds of monotonic_ms. All zero at first.
struct pace {
    long long at[PACE_MOST];
    unsigned long count;
    long limit; // requests a minute that the server announced; 0 for none, which means PACE_MOST
};

// Requests a minute.
long pace_limit(const struct pace *pace);

// How many milliseconds the next request has to wait.
long long pace_delay(const struct pace *pace, long long now_ms);

// How many requests there may be within a window; a higher limit makes the window shorter.
unsigned pace_most(const struct pace *pace);

// How many milliseconds it takes until so many requests, at least 1 and at most pace_most, may be sent at once.
long long pace_delay_of(const struct pace *pace, unsigned requests, long long now_ms);

// Notes that a request was answered. It arrived at the server before, so the window never opens too early.
void pace_note(struct pace *pace, long long now_ms);
