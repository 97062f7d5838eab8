// How an operation that changes something ended: the type is public, struct ssa_ending in ssa-hsm.h.
#pragma once

#include "core/error.h"

// Notes how it ended, and adds a sentence about what became of what had been made. SSA_END_LEFT, once noted,
// stays. ending may be NULL. reason says which advice there is, and subject and detail (NULL for nothing)
// what it names. Returns false.
bool ending_add(struct ssa_ending *ending, enum ssa_end how, enum ssa_reason reason, const char *subject,
                const char *detail, const char *text, ...) __attribute__((format(printf, 6, 7)));

// For an operation whose end nobody looks at.
#define ENDING_IGNORED (&(struct ssa_ending){.how = SSA_END_PLAIN})
