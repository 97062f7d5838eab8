// What a person can do about an error. Only here are commands, options and settings named for that.
#pragma once

#include "ssa-hsm.h"

#define ADVICE_TEXT_MAX 2048U

// The advice about a reason, or NULL where there is none.
const char *advice_about(enum ssa_reason reason);

// Writes it to out with subject and detail in their places; nothing where there is none. What does not fit is left out:
// a test shows that each advice fits whole, whatever stands in an error.
void advice_text(enum ssa_reason reason, const char *subject, const char *detail, char out[static ADVICE_TEXT_MAX]);
