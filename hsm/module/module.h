// A PKCS#11 module: loaded by a process of its own, started, closed. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/module/registry.h"
#include "hsm/module/user.h"

struct remote;

// A module that is loaded and initialised.
struct module {
    struct module_entry entry;
    struct remote *call; // to its process; shared by all who have it open
    struct turns turns;
    const struct ssa_callbacks *callbacks;
    bool has_turn; // TURN_OPEN
    bool threads;  // it is asked to let several threads call it
    struct module_use *use;
};

// Has the module loaded and initialised; where it is open already in this scope, the two share it, and the last
// module_close finalises it. Where the module resets cards, our turn comes before it has touched one. Fails
// with SSA_ABSENT, or SSA_TOKEN where our turn did not come.
bool module_open(const struct module_entry *entry, const struct module_user *user, struct module *module,
                 struct ssa_error *err) MUST_CHECK;

// Has the module's process begin to load it, for a module_open that follows. Where it cannot, module_open says why.
void module_begin(const struct module_entry *entry, const struct module_user *user);

// Ends what was begun with module_begin in this scope (scope.h) and not opened.
void module_abandon(void);

// Ends its session (CK_INVALID_HANDLE: there is none), and logs out before. The module is closed by its last user, and
// its process ends soon after: module_settle waits for that.
void module_close(struct module *module, CK_SESSION_HANDLE session, bool logged_in);

// What it says of itself, which it is asked once. Returns whether it said so; if not, *about is empty.
bool module_about(const struct module *module, CK_INFO *about);

// Whether several threads may call it at the same time.
bool module_takes_threads(const struct module *module);

// The file that the loader found, which a path without a slash does not name.
const char *module_file(const struct module *module);

// Starts it anew in a fresh process, where it is not shared.
bool module_restart(struct module *module) MUST_CHECK;

// An error from a call of the module that is on no token. Returns false.
bool module_refused(struct ssa_error *err, const struct module *module, CK_RV rv, const char *what);
