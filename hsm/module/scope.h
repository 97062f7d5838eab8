// Which modules are open and which turns are held belongs to the thread that works, or to a handle that several threads
// use one after the other.
#pragma once

#include "hsm/module/turns.h"

struct module_scope {
    // The turns, for all of its tokens together.
    struct {
        unsigned users;
        int fd; // -1: no other process can be kept out (no folder, no locks)
    } turns[TURN_KINDS];
};

// The scope that this thread is in: its own, unless it has entered another one.
struct module_scope *module_scope(void);

// Enters a scope, which lives longer than all that is opened in it. Returns the former one, which is entered again
// afterwards. Two threads must not be in the same scope at the same time.
struct module_scope *module_scope_enter(struct module_scope *scope);
