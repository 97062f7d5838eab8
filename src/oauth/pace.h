// The API's rate limit, kept to by ourselves: so many requests to one endpoint in a sliding window.
#ifndef SSA_OAUTH_PACE_H
#define SSA_OAUTH_PACE_H

enum { PACE_MOST = 10, PACE_WINDOW_MS = 60000 };

// Of one endpoint: when its last requests were answered, in milliseconds of monotonic_ms. All zero at first.
struct pace {
    long long at[PACE_MOST];
    unsigned long count;
};

// How long the next request has to wait; 0 for not at all.
long long pace_delay(const struct pace *pace, long long now_ms);

// A request was answered. Its arrival at the server was before that, so the window never opens too early.
void pace_note(struct pace *pace, long long now_ms);

#endif
