// Saying what is going on, and hearing whether to stop, through the callbacks.
#ifndef SSA_CORE_TELL_H
#define SSA_CORE_TELL_H

#include "core/error.h"
#include "core/secret.h"

void tell(const struct ssa_callbacks *callbacks, enum ssa_level level, const char *line, ...)
    __attribute__((format(printf, 3, 4)));

// The same about something that there is advice for.
void tell_reason(const struct ssa_callbacks *callbacks, enum ssa_level level, enum ssa_reason reason,
                 const char *detail, const char *line, ...) __attribute__((format(printf, 5, 6)));

// Asks for a secret, which goes to the empty secret; callbacks->ask_secret is there.
bool ask_for_secret(const struct ssa_callbacks *callbacks, const char *prompt, struct secret *secret,
                    struct ssa_error *err) MUST_CHECK;

// Whether a callback is running in this thread. Begin and end stand around one that is not called from here.
bool in_callback(void);
void callback_begin(void);
void callback_end(void);

// Whether the person wants to stop.
bool interrupted(const struct ssa_callbacks *callbacks);

// Asks a person for a typed yes; where nobody is there to ask it is no.
bool confirms(const struct ssa_callbacks *callbacks, const char *question);

// Fails with SSA_UNEXPECTED where the person wants to stop.
bool go_on(const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;

#endif
