// Processes that wait for each other before they use a module or log in.
#pragma once

#include "core/error.h"

// What processes of ours do one after the other: using a token whose module resets it (from the opening to
// the closing), and the moment of a login where that rewrites the token's file. TURN_LOGIN is never held
// while the other is waited for, nor while a person is.
enum turn { TURN_OPEN, TURN_LOGIN };

// How they wait for each other. take waits until it is our turn, and fails where that takes too long; a turn
// that this process has is had again. Each take that succeeded is followed by a leave.
struct turns {
    void *context;  // NULL: nobody takes turns
    bool impatient; // nothing is waited for
    bool (*take)(void *context, enum turn which, bool impatient, struct ssa_error *err);
    void (*leave)(void *context, enum turn which);
};

// The turn of a module or a token on it, where turns are taken.
bool turn_take(const struct turns *turns, enum turn which, struct ssa_error *err) MUST_CHECK;
void turn_leave(const struct turns *turns, enum turn which);
