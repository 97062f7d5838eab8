// Keeping memory out of swap.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

// A page is locked as soon as there is something in it: most of a large buffer is never used. Kernels before 4.4 lock
// all of it at once. On failure errno says why.
static inline bool memory_lock(void *memory, size_t len)
{
    return mlock2(memory, len, MLOCK_ONFAULT) == 0 || mlock(memory, len) == 0;
}
