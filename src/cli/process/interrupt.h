// INT, TERM, HUP and QUIT do not end the program at once: what is under way is finished or undone first.
#pragma once

#include <signal.h>
#include <stdbool.h>

// From now on the four signals are remembered (those that were ignored stay ignored). PIPE and XFSZ are ignored, so
// that a closed pipe and a file at its size limit are errors with a name; CHLD is not.
void interrupt_catch(void);

// The signal that came, or 0.
int interrupt_signal(void);

// Adds the signals that this program ignores, and that a program which it starts must not.
void interrupt_add_ignored(sigset_t *signals);

// Restores the handlers for a program that replaces us.
void interrupt_release(void);

// Ends the program by the signal that came, as a shell expects it. Returns where none came.
void interrupt_die(void);
