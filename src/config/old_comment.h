// What a comment of an old block says that somebody may want back.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Looks through the comments of a dotenv text for one that gives a name a value ("# NAME=value", "# name:
// value") or holds what may be a secret. Tells the first in a few words that repeat its name alone; false
// where there is prose at most. With behind_values, comments on lines of their own are not looked at.
bool old_comment_find(const char *text, bool behind_values, char *out, size_t capacity);
