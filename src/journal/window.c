// The time in which something that was asked for can have been made.
#include "journal/window.h"

// A server makes a key while the request waits: one that appears later than this is somebody else's. Its
// clock's seconds are whole.
enum { SERVER_TAKES_S = 10, GRAIN_S = 1 };

bool window_has(const struct window *window, bool known, time_t made_at)
{
    return known && window->from != 0 && made_at >= window->from &&
           made_at <= window->from + SERVER_TAKES_S &&
           (window->until == 0 || made_at <= window->until + GRAIN_S);
}
