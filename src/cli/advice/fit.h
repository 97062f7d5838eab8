// Advice for the command that runs: without options that it does not take.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Whether the command accepts the option of this name (without dashes).
typedef bool advice_accepts(const char *name, size_t len);

// Takes such options out of an advice, outside of backticks. Of "--module or SSA_HSM_MODULE", what is left names the
// setting. A sentence that knows no other way goes as a whole.
void advice_fit(char *text, advice_accepts *accepts);
