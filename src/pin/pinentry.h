// Asking a person for the PIN through a pinentry: the window, or the lines on the terminal, that GnuPG asks
// with.
//
// The child speaks the Assuan protocol on its standard input and output ("The 'PINEntry' Manual", chapter
// Protocol; "Developing with Assuan", chapter Implementation). It sees the part of our environment that shows
// it a person, and none of our descriptors. It is neither asked for nor allowed a password cache.
#ifndef SSA_PIN_PINENTRY_H
#define SSA_PIN_PINENTRY_H

#include "core/secret.h"

// How long is waited; both must be above 0.
struct pinentry_limits {
    int reply_ms; // for the greeting, and for each answer of the program's own
    int answer_s; // for the person
};

// Asks for the PIN, which is appended to *pin (empty, with the capacity that it may have). program is a path,
// or a name that is looked for in PATH; description may have several lines; prompt is a word and has no
// underscore, which marks a key in some of them. A failure leaves *pin empty, and whatever came of it, the
// child is gone and the terminal as it was.
//
// Fails with SSA_CONFIG when the program cannot be run, and with SSA_PIN when no PIN comes of it: cancelled,
// nobody answered, interrupted, or no pinentry at all.
bool pinentry_ask(const char *program, const char *description, const char *prompt,
                  const struct ssa_callbacks *callbacks, struct secret *pin,
                  struct ssa_error *err) MUST_CHECK;

// The same within other limits.
bool pinentry_ask_within(const struct pinentry_limits *limits, const char *program, const char *description,
                         const char *prompt, const struct ssa_callbacks *callbacks, struct secret *pin,
                         struct ssa_error *err) MUST_CHECK;

#endif
