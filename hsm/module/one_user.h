// Only one thread at a time uses PKCS#11 modules, and no callback does: a module is initialised without
// locks, and closing it would end what another thread is doing in it.
#pragma once

#include "core/error.h"

// Begins to use modules, once for each token. Fails at once, with SSA_USAGE, where another thread does, and
// in a callback. Each that succeeded is followed by one_user_end in the same thread.
bool one_user_begin(struct ssa_error *err) MUST_CHECK;
void one_user_end(void);
