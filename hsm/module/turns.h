// Processes that wait for each other before they use a module or log in.
#pragma once

#include "core/error.h"

// Processes of ours do two things one after the other. TURN_OPEN: they use a token whose module resets it, each from
// opening to closing it. TURN_LOGIN: they log in where a login rewrites the token's file. A process that holds
// TURN_LOGIN does not wait for TURN_OPEN, nor for a person.
enum turn { TURN_OPEN, TURN_LOGIN, TURN_KINDS };

// How they wait for each other. take waits until it is our turn, and fails where that takes too long. A process may
// take a turn that it already has. Each take that succeeded is followed by a leave.
struct turns {
    void *context;  // NULL: there are no turns to take
    bool impatient; // take does not wait
    bool (*take)(void *context, enum turn which, bool impatient, struct ssa_error *err);
    void (*leave)(void *context, enum turn which);
};

static inline MUST_CHECK bool turn_take(const struct turns *turns, enum turn which, struct ssa_error *err)
{
    return turns->context == NULL || turns->take(turns->context, which, turns->impatient, err);
}

static inline void turn_leave(const struct turns *turns, enum turn which)
{
    if (turns->context != NULL)
        turns->leave(turns->context, which);
}
