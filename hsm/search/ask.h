// Asking a module for its tokens in a child process, which may crash, hang and print without harm to us. For
// this folder alone.
#pragma once

#include "hsm/search/keys_seen.h"

// Of a module that is loaded in a child alone, with its tokens' keys where those are wanted (keys NULL: they
// are not). One that crashes, or does not answer in time or before a person wants to stop, fails with
// SSA_ABSENT. The caller frees *seen and *keys, which is empty before.
bool module_ask(const struct module_entry *entry, const struct ssa_callbacks *callbacks, const struct turns *turns,
                struct module_seen **seen, struct keys_seen *keys, struct ssa_error *err) MUST_CHECK;
