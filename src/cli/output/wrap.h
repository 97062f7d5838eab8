// Long texts, in lines that fit the terminal.
#pragma once

#include <stddef.h>

// The columns of the terminal that standard output is; 0 where it is none: then nothing is wrapped.
size_t wrap_width(void);

// The text in lines of at most width columns, each after the first behind so many blanks; the first begins there, too,
// but without blanks. What stands between two backticks is one word: it can be copied in one go. A word that is too
// long has a line of its own. With width 0 there is one line. The caller frees it; NULL where there is no memory.
char *wrap_text(const char *text, size_t indent, size_t width);

// As much of the text as fits into so many columns, with an ellipsis at its end where something is left out. The caller
// frees it; NULL where there is no memory.
char *wrap_cut(const char *text, size_t columns);
