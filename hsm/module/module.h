// A PKCS#11 module: loaded, started, closed. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/module/registry.h"
#include "hsm/module/turns.h"

// A module that is loaded and initialised. In its function list, stand-ins take the places of functions that it leaves
// out (hsm/cryptoki/calls.h).
struct module {
    struct module_entry entry;
    CK_FUNCTION_LIST *call; // owned
    struct turns turns;
    bool has_turn;          // TURN_OPEN
    struct module_use *use; // shared by all who have it open
};

// Loads and initialises the module. Where it is open already, the two share it, and the last module_close finalises it.
// Where other code of this process has initialised it, that code finalises it. For a module that resets cards, this
// waits for our turn before it touches one. Fails with SSA_ABSENT, or with SSA_TOKEN where our turn did not come.
bool module_open(const struct module_entry *entry, const struct turns *turns, struct module *module,
                 struct ssa_error *err) MUST_CHECK;
void module_close(struct module *module);

// Finalises the module and initialises it anew, where it was initialised here and is not shared.
bool module_restart(struct module *module) MUST_CHECK;

// Makes the error of a call of the module that is not about a token. Returns false.
bool module_refused(struct ssa_error *err, const struct module_entry *entry, CK_RV rv, const char *what);
