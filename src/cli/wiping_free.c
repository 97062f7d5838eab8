// free and realloc that wipe, for the whole process: libraries (TLS, HTTP, JSON, a PKCS#11 module's RPC)
// release buffers that held a key, and the C library would keep the bytes for the next one who asks.
//
// These replace glibc's by symbol interposition; the allocator behind them stays glibc's. Sanitizers and
// valgrind bring allocators of their own, so this file is left out there (SSA_HSM_WIPING_FREE).
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void __libc_free(void *memory); // NOLINT(bugprone-reserved-identifier)

__attribute__((visibility("default"))) void free(void *memory)
{
    if (memory == NULL)
        return;
    explicit_bzero(memory, malloc_usable_size(memory));
    __libc_free(memory);
}

__attribute__((visibility("default"))) void *realloc(void *memory, size_t size)
{
    if (memory == NULL)
        return malloc(size);
    if (size == 0) {
        free(memory);
        return NULL;
    }
    const size_t had = malloc_usable_size(memory);
    // Staying in place leaves the rest of the block behind only where it shrinks: a little more memory
    // instead.
    if (size <= had)
        return memory;
    void *grown = malloc(size);
    if (grown == NULL)
        return NULL;
    memcpy(grown, memory, had);
    free(memory);
    return grown;
}
