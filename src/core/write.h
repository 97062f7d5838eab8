// Writing to a descriptor.
#ifndef SSA_CORE_WRITE_H
#define SSA_CORE_WRITE_H

#include <stdbool.h>

#include "core/span.h"

// Writes all of text, however often that takes. On failure errno says why.
bool write_all(int fd, struct span text);

#endif
