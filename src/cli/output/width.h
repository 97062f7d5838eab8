// How much room a text takes on a terminal: some characters take two columns (CJK, emoji), some none (accents that
// combine with the letter before them).
#pragma once

#include <stddef.h>

// The columns that text takes.
size_t width_of(const char *text);

// How many of the text's first len bytes fit into so many columns. They end with a whole character, and with what
// combines with it. *taken is the number of columns that they take.
size_t width_fit(const char *text, size_t len, size_t columns, size_t *taken);

// How many bytes stay of a text that does not fit, where an ellipsis of so many columns stands behind them.
size_t width_cut(const char *text, size_t columns, size_t ellipsis, size_t *taken);
