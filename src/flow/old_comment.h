// What a comment of an old block says that somebody may want back.
#ifndef SSA_FLOW_OLD_COMMENT_H
#define SSA_FLOW_OLD_COMMENT_H

#include <stdbool.h>
#include <stddef.h>

// Looks through all comments of a dotenv text, those behind a value as well, for one that gives a name a
// value
// ("# NAME=value", "# name: value") or holds what may be a secret. Tells the first in a few words that repeat
// its name alone; false where there is prose at most.
bool old_comment_find(const char *text, char *out, size_t capacity);

#endif
