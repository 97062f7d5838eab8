// A PKCS#11 module: loaded, started, closed. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/module/registry.h"
#include "hsm/module/turns.h"

// A module that is loaded and initialised, and its functions. Those that it leaves out say so when they are
// called (hsm/cryptoki/calls.h).
struct module {
    struct module_entry entry;
    CK_FUNCTION_LIST *call; // owned
    struct turns turns;
    bool has_turn;          // TURN_OPEN
    struct module_use *use; // shared by all who have it open
};

// Loads and initialises the module; where it is open already, the two share it, and the last module_close
// finalises it. Another user of it in this process, who initialised it, is left alone. Where the module
// resets cards, our turn comes before it has touched one. Fails with SSA_ABSENT, or SSA_TOKEN where our turn
// did not come.
bool module_open(const struct module_entry *entry, const struct turns *turns, struct module *module,
                 struct ssa_error *err) MUST_CHECK;
void module_close(struct module *module);

// Finalises and initialises it anew, where it was initialised here and is not shared.
bool module_restart(struct module *module) MUST_CHECK;

// An error from a call of the module that is on no token. Returns false.
bool module_refused(struct ssa_error *err, const struct module_entry *entry, CK_RV rv, const char *what);
