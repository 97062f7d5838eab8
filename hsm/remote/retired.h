// Hosts that were told to close their module and to end, which nobody waits for at once: what was fetched is printed
// before.
#pragma once

#include "core/error.h"
#include "hsm/remote/output.h"
#include "hsm/remote/process.h"

// Takes over the process and what it prints. False where there is no memory.
bool retired_take(struct helper *process, struct module_output *output);

// The usual patience with a module that closes.
enum { CLOSING_MS = 3000 };

// Waits until those of this process have ended, and ends those that still run so many milliseconds after they were told
// to, or once the person wants to stop.
void retired_settle(unsigned most_ms, const struct ssa_callbacks *callbacks);

// Does that for those whose time is up, and waits for none.
void retired_look(void);
