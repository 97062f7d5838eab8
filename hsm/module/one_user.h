// Only one thread at a time uses PKCS#11 modules, and no callback does. Modules are initialised without locks, and
// closing a module would disturb another thread that is using it.
#pragma once

#include "core/error.h"

// Begins to use modules, once for each token. Fails at once, with SSA_USAGE, where another thread uses them, and in a
// callback. Each success is followed by one_user_end in the same thread.
bool one_user_begin(struct ssa_error *err) MUST_CHECK;
void one_user_end(void);
