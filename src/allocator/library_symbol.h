// Finding a loaded library's own functions, also where another library was preloaded.
#pragma once

#include <stddef.h>

// For each of the names, puts the address that the library itself defines into found. library is its DT_SONAME. Where
// it does not define a name, found is left as it is. Allocates nothing, so that an allocator can use it.
void library_symbols(const char *library, const char *const *names, void **found, size_t count);
