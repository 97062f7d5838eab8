// A PKCS#11 module: loaded, started, closed. For hsm alone.
#ifndef SSA_HSM_MODULE_MODULE_H
#define SSA_HSM_MODULE_MODULE_H

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/module/registry.h"
#include "hsm/module/turns.h"

// A module that is loaded and initialised, and its functions. Those that it leaves out say so when they are
// called (hsm/calls.h).
struct module {
    struct module_entry entry;
    CK_FUNCTION_LIST *call; // owned
    struct turns turns;
    bool has_turn; // TURN_OPEN
    bool
        ours; // initialised here, so finalised here: another user of the module in this process is left alone
};

// Loads and initialises; module_close finalises. Where the module resets cards it is our turn before it has
// touched one. Fails with SSA_ABSENT, or SSA_TOKEN where it did not come to be our turn.
bool module_open(const struct module_entry *entry, const struct turns *turns, struct module *module,
                 struct ssa_error *err) MUST_CHECK;
void module_close(struct module *module);

// Finalises and initialises it anew, where it was initialised here.
bool module_restart(struct module *module) MUST_CHECK;

// An error from a call of the module that is on no token. Returns false.
bool module_refused(struct ssa_error *err, const struct module_entry *entry, CK_RV rv, const char *what);

#endif
