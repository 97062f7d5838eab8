// INT, TERM, HUP and QUIT: remembered, acted upon when what is under way is finished or undone.
#ifndef SSA_CLI_INTERRUPT_H
#define SSA_CLI_INTERRUPT_H

#include <stdbool.h>

// Remembers the four signals instead of dying of them (those that were ignored stay so), and ignores PIPE
// and XFSZ, so that a closed pipe and a file that may not grow are errors with a name.
void interrupt_catch(void);

// The signal that came, or 0.
int interrupt_signal(void);

// Everything as it was found, for a program that takes our place.
void interrupt_release(void);

// Dies of the signal that came, as a shell expects; returns where none came.
void interrupt_die(void);

#endif
