// Having the host load the module.
#pragma once

#include "hsm/host/protocol.h"
#include "hsm/remote/remote.h"

// Has the host begin to load it. The next call, and no other before it, is call_load_end.
void call_load_begin(struct remote *c, const char *path);

// Waits for that, and says how far it came. told becomes the file that was loaded, or what dlopen(3) says of one that
// cannot be.
CK_RV call_load_end(struct remote *c, enum load_stage *stage, char told[static PATH_BYTES_MAX + 1]);
