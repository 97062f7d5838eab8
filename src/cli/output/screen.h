// What a terminal can show.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Whether fd is a terminal whose cursor can be moved. One of TERM=dumb, or without TERM, shows only plain lines.
bool screen_is_at(int fd);

// How many columns the terminal at fd has; 0 where that is not known. COLUMNS goes first.
size_t screen_columns_known(int fd);

// How many columns the terminal at fd has; SCREEN_COLUMNS where that is not known. COLUMNS goes first.
enum { SCREEN_COLUMNS = 80 };
size_t screen_columns(int fd);

// Whether colours are wanted on the terminal at fd (https://no-color.org).
bool screen_has_colours(int fd);

// What stands in the place of text that is left out.
const char *screen_ellipsis(void);

// What a colour means.
enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARNING, TONE_BAD };

// What switches to the colour, and what switches it off. Empty for TONE_PLAIN.
const char *tone_begin(enum tone tone);
const char *tone_end(enum tone tone);
