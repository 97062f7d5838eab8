// The steps of a story whose surroundings are made up: each fake says that its step happens, and the test says which
// steps must have happened, in their order, and no others.
#pragma once

#include "core/error.h"

// The step that fails; "" for none. Where a step happens several times, only the one of this number fails (from 1), or
// with 0 each of them.
extern const char *step_that_fails;
extern size_t time_it_fails;

// Forgets all steps, and that any of them fails.
void steps_begin(void);

// Notes that a step happens. Fails with SSA_NETWORK and "NAME fails" where it is the one.
bool step(const char *name, struct ssa_error *err);

void steps_expect(const char *const *names);
#define HAPPENED(...) steps_expect((const char *const[]){__VA_ARGS__, NULL})
