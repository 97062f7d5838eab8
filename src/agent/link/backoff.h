// When a signer that died may be started again: after an interval that grows with each death.
#pragma once

enum {
    BACKOFF_LEAST_MS = 100,
    BACKOFF_MOST_MS = 30000,
    BACKOFF_LIFE_MS = 60000 // one that lived so long has not died of how it was started
};

// Zero before the first start. Times are monotonic_ms.
struct backoff {
    long long started;
    long long earliest; // the next start
    unsigned wait_ms;   // 0 before the first death
};

void backoff_started(struct backoff *b, long long now);
void backoff_died(struct backoff *b, long long now);
// Somebody wants it to start now.
void backoff_forget(struct backoff *b);
// Milliseconds that are left until it may start; 0: now.
long long backoff_left(const struct backoff *b, long long now);
