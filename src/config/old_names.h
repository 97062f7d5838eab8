// The names of an old block, in any of the spellings that are about.
#pragma once

#include "config/setting_names.h"

// The setting that a name stands for; SETTING_COUNT for another name.
enum setting old_name_setting(const char *name);

// Whether the value is the path of the file that the key is in.
bool old_name_is_key_path(const char *name);

// Whether a profile that takes the block's place has no use for a name: it says the same under its own.
bool old_name_is_replaced(const char *name, bool with_secret);
