// The time in which something that was asked for can have been made.
#ifndef SSA_JOURNAL_WINDOW_H
#define SSA_JOURNAL_WINDOW_H

#include <stdbool.h>
#include <time.h>

// By the server's clock, in seconds; 0 is unknown.
struct window {
    time_t from;  // it was asked for
    time_t until; // no answer was waited for any more
};

// Whether something made at that time can be what was asked for: not before, not after the answer was given
// up, and no later than a server takes.
bool window_has(const struct window *window, bool known, time_t made_at);

#endif
