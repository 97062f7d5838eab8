// The kernel's table of this process's mappings.
#pragma once

#include <stdint.h>

enum { MAPPING_FLAGS = 256 };

// Where the mapping with this address begins, and the kernel's flags of it ("rd wr … lo dd"). 0 and "" for none.
uintptr_t mapping_at(const void *address, char flags[static MAPPING_FLAGS]);
