// Asking a module for its tokens in a child process, which may crash, hang and print in our stead. For this
// folder alone.
#ifndef SSA_HSM_ASK_H
#define SSA_HSM_ASK_H

#include "hsm/look.h"

// Of a module that is loaded in a child alone, with its tokens' keys where those are wanted. One that
// crashes, or does not answer in time or before a person wants to stop, fails with SSA_ABSENT. The caller
// frees *seen.
bool module_ask(const struct module_entry *entry, bool keys, const struct ssa_callbacks *callbacks,
                const struct turns *turns, struct module_seen **seen, struct ssa_error *err) MUST_CHECK;

#endif
