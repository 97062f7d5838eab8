// Looking again and again for the other side's next message, where it comes so soon that to sleep and to be woken would
// take longer than the wait itself. Both sides do that, for signatures alone, and for a bounded time.
#pragma once

#include <stdbool.h>

enum { BUSY_WAIT_NS = 100 * 1000 };

// One more thread of this process has a call under way, and one less.
void busy_wait_begin(void);
void busy_wait_end(void);

// Whether there is a processor to spare: one for each call that is under way, and one for the other side of each.
bool busy_wait_may(void);

// When the host waits like that: after some signatures in a row, each of which was asked for soon after the answer to
// the one before it.
struct busy_wait_host {
    long long answered; // the last signature, by monotonic_ns; 0: the last call was none
    unsigned soon;      // so many requests in a row came soon after a signature
};
bool busy_wait_host_pays(const struct busy_wait_host *host, long long now);
void busy_wait_host_heard(struct busy_wait_host *host, long long now);

// When the caller waits like that: where the last signatures took about the same time, from shortly before the next one
// should be there. It sleeps until then.
enum { BUSY_WAIT_TIMES = 4 };
struct busy_wait_caller {
    long long took[BUSY_WAIT_TIMES]; // in nanoseconds
    unsigned known, next;
};
// Since the request was sent, in nanoseconds.
struct busy_wait_window {
    long long from, until;
};
bool busy_wait_caller_pays(const struct busy_wait_caller *caller, struct busy_wait_window *window);
void busy_wait_caller_took(struct busy_wait_caller *caller, long long ns);
