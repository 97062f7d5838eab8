// A person at the terminal: asked without echo, asked for a yes.
#ifndef SSA_CLI_TERMINAL_H
#define SSA_CLI_TERMINAL_H

#include "core/error.h"

// Asks on /dev/tty and reads a line without echo straight into answer. The terminal is as it was afterwards,
// also when a signal ends or stops the program meanwhile; after a stop it asks again. Fails with SSA_PIN: no
// terminal, nothing typed, too long, interrupted.
bool terminal_ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                         struct ssa_error *err);

// Asks on /dev/tty for a typed "yes". No terminal is no.
bool terminal_confirm(void *context, const char *question);

#endif
