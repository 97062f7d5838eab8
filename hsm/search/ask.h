// Asking a module for its tokens in a child process, where it may crash, hang and print without harm. For this folder
// alone.
#pragma once

#include "hsm/search/keys_seen.h"

// Looks at the tokens of a module that is loaded only in the child, and at their keys unless keys is NULL. Fails with
// SSA_ABSENT where the module crashes, or does not answer in time or before a person wants to stop. The caller frees
// *seen and *keys, which must be empty before.
bool module_ask(const struct module_entry *entry, const struct ssa_callbacks *callbacks, const struct turns *turns,
                struct module_seen **seen, struct keys_seen *keys, struct ssa_error *err) MUST_CHECK;
