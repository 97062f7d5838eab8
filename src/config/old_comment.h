// Comments of an old block that may be worth keeping.
#pragma once

#include "config/old_names.h"

// Looks for a comment of a dotenv text that gives a name a value ("# NAME=value", "# name: value") or that may hold a
// secret. Describes the first one in a few words, with its name but without its value. False where there is none. With
// behind_values it looks only at comments that follow a value on its line.
bool old_comment_find(const char *text, bool behind_values, char out[static OLD_NAME_MAX]);
