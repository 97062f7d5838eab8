// Asking a person for the PIN through a pinentry: a program of GnuPG that asks in a window or at the terminal.
//
// It is a child that speaks the Assuan protocol on its standard input and output ("The 'PINEntry' Manual", chapter
// Protocol; "Developing with Assuan", chapter Implementation). It gets the variables of the environment that it needs
// to find the person, and none of our descriptors. A password cache is neither asked for nor allowed.
#pragma once

#include "pin/pinentry_process.h"

// Asks for the PIN and appends it to *pin, which is empty and has the capacity for it. program is a path, or a name
// that is searched for in PATH. description may have several lines. prompt is a word without an underscore, since that
// marks a key in some pinentries. On failure *pin is empty. In any case the child has ended afterwards, and the
// terminal is as it was.
//
// Fails with SSA_CONFIG when the program cannot be run. Fails with SSA_PIN when there is no PIN: the person cancelled
// or did not answer, the program was interrupted, or it is not a pinentry.
bool pinentry_ask(const char *program, const char *description, const char *prompt,
                  const struct ssa_callbacks *callbacks, struct secret *pin, struct ssa_error *err) MUST_CHECK;

// The same with other limits.
bool pinentry_ask_within(const struct pinentry_limits *limits, const char *program, const char *description,
                         const char *prompt, const struct ssa_callbacks *callbacks, struct secret *pin,
                         struct ssa_error *err) MUST_CHECK;
