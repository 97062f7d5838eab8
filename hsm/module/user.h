// Who uses modules.
#pragma once

#include "hsm/module/turns.h"
#include "hsm/remote/hosting.h"

// What it refers to is borrowed, and lives as long as the module is open.
struct module_user {
    struct hosting hosting;
    struct turns turns;
    bool threads; // several threads of it may sign at the same time
};
