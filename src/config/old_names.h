// The names of an old block, in any of the spellings in use.
#pragma once

#include "config/setting_names.h"

#define OLD_NAME_MAX 128U // of what is said about one

// The setting that a name stands for; SETTING_COUNT for another name.
enum setting old_name_setting(const char *name);

// Whether the value is the path of the file that has the key.
bool old_name_is_key_path(const char *name);

// Whether it is one of either.
bool old_name_is_of_block(const char *name);

// Whether a profile that replaces the block does not need a name, since it says the same under its own name.
bool old_name_is_replaced(const char *name);
