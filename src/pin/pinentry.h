// Asking a person for the PIN through a pinentry, the program with which GnuPG asks in a window or at the
// terminal.
//
// It is a child that speaks the Assuan protocol on its standard input and output ("The 'PINEntry' Manual",
// chapter Protocol; "Developing with Assuan", chapter Implementation). It gets the part of our environment
// that leads it to the person, and none of our descriptors. We neither ask for a password cache nor allow
// one.
#pragma once

#include "core/secret.h"

// How long an answer is waited for. Both must be above 0.
struct pinentry_limits {
    int reply_ms; // for the greeting, and for each answer that the program gives by itself
    int answer_s; // for the person
};

// Asks for the PIN and appends it to *pin, which is empty and has the capacity for it. program is a path, or
// a name that is searched for in PATH. description may have several lines. prompt is a word without an
// underscore, which marks a key in some pinentries. On failure *pin is empty. In any case the child is gone
// afterwards, and the terminal is as it was.
//
// Fails with SSA_CONFIG when the program cannot be run. Fails with SSA_PIN when there is no PIN: it was
// cancelled, nobody answered, it was interrupted, or the program is not a pinentry.
bool pinentry_ask(const char *program, const char *description, const char *prompt,
                  const struct ssa_callbacks *callbacks, struct secret *pin, struct ssa_error *err) MUST_CHECK;

// The same with other limits.
bool pinentry_ask_within(const struct pinentry_limits *limits, const char *program, const char *description,
                         const char *prompt, const struct ssa_callbacks *callbacks, struct secret *pin,
                         struct ssa_error *err) MUST_CHECK;
