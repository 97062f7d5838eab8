// Hosts that were told to close their module and to end, which nobody waits for at once: what was fetched is printed
// before.
#pragma once

#include "hsm/remote/hosted.h"

// Takes over the host from its last connection. False where there is no memory.
bool retired_take(struct hosted *host);

// The usual patience with a module that closes.
enum { CLOSING_MS = 3000 };

// Waits until those of this process have ended, and ends those that still run so many milliseconds after they were told
// to, or once the person wants to stop.
void retired_settle(unsigned most_ms, const struct ssa_callbacks *callbacks);

// Does that for those whose time is up, and waits for none.
void retired_look(void);
