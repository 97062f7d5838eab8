// A line at the terminal that says what the program waits for. It comes after a second, and is gone when anything else
// is printed or asked, and at the end. It is the last thing on the terminal, with the cursor behind it.
#pragma once

#include "ssa-hsm.h"

// Whether there is a terminal at standard error for such a line.
bool waiting_is_seen(void);

// For ssa_callbacks.waiting.
void waiting_show(void *context, const struct ssa_waiting *waiting);

// How far the work is ("account 3 of 12"): the line begins with that from now on.
void waiting_progress(const char *text);

// Erases the line, and lets a second pass before there is another one.
void waiting_erase(void);

// The same. While it is held, there is no line at all: something else stands there, or is about to.
void waiting_hold(bool held);
