// How an operation ended. The type is public: struct ssa_ending in ssa-hsm.h.
#pragma once

#include "core/error.h"

// Notes how the operation ended, and adds a sentence about something that was removed again or is left. SSA_END_LEFT
// stays once it was noted. ending may be NULL. The advice about reason may name subject and detail (NULL for nothing).
// Returns false.
bool ending_add(struct ssa_ending *ending, enum ssa_end how, enum ssa_reason reason, const char *subject,
                const char *detail, const char *text, ...) __attribute__((format(printf, 6, 7)));

// For a caller that does not look at the end.
#define ENDING_IGNORED (&(struct ssa_ending){.how = SSA_END_PLAIN})
