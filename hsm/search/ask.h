// Asking modules for their tokens. For this folder alone.
#pragma once

#include "hsm/search/ahead.h"
#include "hsm/search/keys_seen.h"

// Of a module that is opened for this alone, with its tokens' keys where those are wanted (keys NULL: they are
// not). One that crashes, or does not answer in time, fails with SSA_ABSENT. The caller frees *seen and *keys,
// which is empty before.
bool module_ask(const struct module_entry *entry, const struct module_user *user, struct module_seen **seen,
                struct keys_seen *keys, struct ssa_error *err) MUST_CHECK;

// Waits for the answer of the module with this number, which is given once. keys, which is empty before, may be NULL
// where keys are not wanted. A module that crashes, or does not answer in time, fails with SSA_ABSENT. The caller frees
// *seen and *keys.
bool ahead_take(struct ahead *ahead, size_t at, struct module_seen **seen, struct keys_seen *keys,
                struct ssa_error *err) MUST_CHECK;
