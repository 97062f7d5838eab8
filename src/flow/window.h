// The time in which something that was asked for can have been made.
#ifndef SSA_FLOW_WINDOW_H
#define SSA_FLOW_WINDOW_H

#include "aps/aps.h"

// By the server's clock, in seconds; 0 is unknown.
struct window {
    time_t from;  // it was asked for
    time_t until; // no answer was waited for any more
};

// Whether something made at that time can be what was asked for: not before, not after the answer was given
// up, and no later than a server takes.
bool window_has(const struct window *window, bool known, time_t made_at);

// The same for a key whose private half nobody can have: one that was used since it was made is somebody's.
bool window_has_key(const struct window *window, const struct aps_key *key);

#endif
