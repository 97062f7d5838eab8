// What a person can do about an error. Only here are commands, options and settings named for that.
#pragma once

#include "cli/advice/fit.h"
#include "ssa-hsm.h"

#define ADVICE_TEXT_MAX 2048U

// From now on, advice names no option that is not accepted.
void advice_for(advice_accepts *accepts);

// The advice about a reason, or NULL where there is none.
const char *advice_about(enum ssa_reason reason);

// Writes it to out with subject and detail in their places; nothing where there is none. What does not fit is left out:
// a test shows that each advice fits whole, whatever stands in an error.
void advice_text(enum ssa_reason reason, const char *subject, const char *detail, char out[static ADVICE_TEXT_MAX]);
