#include "agent/signer/attend.h"

#include <poll.h>

#include "agent/signer/pin_listener.h"
#include "agent/signer/serve.h"
#include "core/text.h"

bool attend(struct signer_process *p, int awaited, int timeout_ms)
{
    const bool unlocks = p->unlocker >= 0;
    struct pollfd fds[] = {{.fd = p->agent, .events = POLLIN},
                           {.fd = p->parent, .events = POLLIN},
                           {.fd = p->signals, .events = POLLIN},
                           {.fd = unlocks ? p->listener : -1, .events = POLLIN},
                           {.fd = awaited, .events = POLLIN}};
    if (poll(fds, COUNT(fds), timeout_ms) <= 0)
        return false;
    if ((fds[0].revents & (POLLHUP | POLLERR)) != 0 || fds[1].revents != 0 || fds[2].revents != 0)
        p->over = true;
    else if (fds[0].revents != 0 && unlocks && !p->answers && !p->lock_waits)
        serve_meanwhile(p);
    if (fds[3].revents != 0)
        pin_listener_turn_away(p->listener);
    return fds[4].revents != 0;
}

bool attend_interrupted(void *process)
{
    struct signer_process *p = process;
    (void)attend(p, -1, 0);
    // Of a login that was cut short nobody knows whether the PIN was wrong, and the next signer would not dare a try.
    return !p->closing && !p->tries_pin && (p->over || p->lock_waits);
}
