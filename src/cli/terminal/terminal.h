// Asking the person at the terminal: for a secret, without echo, and for a yes.
#pragma once

#include "core/error.h"

// Asks on /dev/tty and reads a line without echo straight into answer. Afterwards the terminal is as it was, also when
// a signal ends or stops the program in between; after a stop it asks again. Fails with SSA_PIN where there is no
// terminal, nothing is typed, the line is too long, or a signal came.
bool terminal_ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                         struct ssa_error *err);

// Whether there is somebody to ask.
bool terminal_is_there(void);

// Asks on /dev/tty for a typed "yes". Without a terminal the answer is no.
bool terminal_confirm(void *context, const char *question);

// Shows the items on /dev/tty, numbered from 1, and asks for a number until one of them is typed. *choice is count
// where nothing is typed, or a signal came. False where there is no terminal.
bool terminal_choose(void *context, const char *question, const char *const *items, size_t count, size_t *choice);

// Asks on /dev/tty for a line of text. usual is taken where nothing is typed; NULL: something must be typed. Writes at
// most capacity bytes with the NUL. Fails with SSA_USAGE where there is no terminal, or a signal came.
bool terminal_ask_text(const char *question, const char *usual, char *answer, size_t capacity,
                       struct ssa_error *err) MUST_CHECK;
