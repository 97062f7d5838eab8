// Calls of the callbacks: messages, questions, and whether to stop.
#pragma once

#include "core/error.h"
#include "core/secret.h"

void tell(const struct ssa_callbacks *callbacks, enum ssa_level level, const char *line, ...)
    __attribute__((format(printf, 3, 4)));

// The same with a reason, for which the program has advice. detail may be NULL.
void tell_reason(const struct ssa_callbacks *callbacks, enum ssa_level level, enum ssa_reason reason,
                 const char *detail, const char *line, ...) __attribute__((format(printf, 5, 6)));

// Asks a person for a secret, which goes into the empty buffer. callbacks->ask_secret must not be NULL.
bool callback_ask_secret(const struct ssa_callbacks *callbacks, const char *prompt, struct secret *secret,
                         struct ssa_error *err) MUST_CHECK;

// Asks a person to choose one of the items; *choice is count if none was chosen. False if there is nobody to ask.
bool callback_chooses(const struct ssa_callbacks *callbacks, const char *question, const char *const *items,
                      size_t count, size_t *choice);

// Whether a callback is running on this thread. Code that calls one by itself calls begin before and end after it.
bool callback_running(void);
void callback_begin(void);
void callback_end(void);

// Whether the person wants to stop.
bool callback_interrupted(const struct ssa_callbacks *callbacks);

// Says what is waited for. Where nobody hears of that, it costs nothing. subject may be NULL; left_ms is -1 where the
// end is not known.
void callback_waiting(const struct ssa_callbacks *callbacks, enum ssa_wait what, const char *subject,
                      long long left_ms);

// Asks a person to type yes. If there is nobody to ask, or the question does not fit into a message, the answer is no.
bool callback_confirms(const struct ssa_callbacks *callbacks, const char *question, ...)
    __attribute__((format(printf, 2, 3)));

// Fails with SSA_UNEXPECTED when the person wants to stop.
bool callback_go_on(const struct ssa_callbacks *callbacks, struct ssa_error *err) MUST_CHECK;
