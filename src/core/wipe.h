// Wiping: memory, the stack, registers.
#pragma once

#include <stddef.h>

// Overwrites memory. The compiler cannot leave that out.
void secret_wipe(void *memory, size_t len);

// Overwrites the stack below the caller and the vector registers, where memcpy, SHA-2 and the like leave pieces of
// their data. Call it after the last use of a secret on a thread.
void secret_wipe_stack(void);
