// A loaded library's own functions, whatever library was preloaded in front of it.
#ifndef SSA_CLI_LIBRARY_SYMBOL_H
#define SSA_CLI_LIBRARY_SYMBOL_H

#include <stddef.h>

// Puts the address that the library of this name (its DT_SONAME) itself defines for each of the names into
// found; what is not there leaves it as it is. Allocates nothing and takes no part in symbol interposition,
// so an allocator can use it for its own functions.
void library_symbols(const char *library, const char *const *names, void **found, size_t count);

#endif
