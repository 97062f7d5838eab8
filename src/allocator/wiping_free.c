// An allocator for the whole process that wipes each block when it is released. Libraries (TLS, HTTP, JSON, a PKCS#11
// module's RPC) release buffers that held a key, and the C library would leave the bytes in memory.
//
// The functions are glibc's, but free wipes. The whole family is replaced, by symbol interposition: a program's own
// symbols come before those of preloaded libraries. So where LD_PRELOAD brings another allocator, no block is allocated
// by one and released by the other. glibc's functions are found by library_symbol.h, which skips such a library.
//
// Sanitizers and valgrind bring allocators of their own, so this file is left out there (SSA_HSM_WIPING_FREE).
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator/library_symbol.h"

#define EXPORTED __attribute__((visibility("default")))

enum function {
    MALLOC,
    CALLOC,
    FREE,
    ALIGNED_ALLOC,
    MEMALIGN,
    POSIX_MEMALIGN,
    VALLOC,
    PVALLOC,
    USABLE_SIZE,
    FUNCTIONS
};

static const char *const names[FUNCTIONS] = {
    [MALLOC] = "malloc",
    [CALLOC] = "calloc",
    [FREE] = "free",
    [ALIGNED_ALLOC] = "aligned_alloc",
    [MEMALIGN] = "memalign",
    [POSIX_MEMALIGN] = "posix_memalign",
    [VALLOC] = "valloc",
    [PVALLOC] = "pvalloc",
    [USABLE_SIZE] = "malloc_usable_size",
};

static void *_Atomic functions[FUNCTIONS];

// The first call comes from the dynamic linker, when there is only one thread.
static void find_functions(void)
{
    static const char lost[] = "ssa-hsm: the allocator of this C library was not found\n";
    void *found[FUNCTIONS] = {NULL};
    library_symbols("libc.so.6", names, found, FUNCTIONS);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        if (found[i] == NULL) {
            (void)!write(STDERR_FILENO, lost, sizeof lost - 1);
            abort();
        }
        atomic_store_explicit(&functions[i], found[i], memory_order_release);
    }
}

static __attribute__((noinline)) void *first_function(enum function which)
{
    find_functions();
    return atomic_load_explicit(&functions[which], memory_order_acquire);
}

// Inlined, since some modules allocate a hundred times for one call.
static inline __attribute__((always_inline)) void *function(enum function which)
{
    void *known = atomic_load_explicit(&functions[which], memory_order_acquire);
    return __builtin_expect(known != NULL, 1) ? known : first_function(which);
}

// glibc's own function, with the type that the header gives it.
#define GLIBC(name, which) ((__typeof__(&(name)))function(which))

EXPORTED void *malloc(size_t size)
{
    return GLIBC(malloc, MALLOC)(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    return GLIBC(calloc, CALLOC)(count, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    return GLIBC(aligned_alloc, ALIGNED_ALLOC)(alignment, size);
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
    return GLIBC(memalign, MEMALIGN)(alignment, size);
}

EXPORTED int posix_memalign(void **memory, size_t alignment, size_t size)
{
    return GLIBC(posix_memalign, POSIX_MEMALIGN)(memory, alignment, size);
}

EXPORTED void *valloc(size_t size)
{
    return GLIBC(valloc, VALLOC)(size);
}

EXPORTED void *pvalloc(size_t size)
{
    return GLIBC(pvalloc, PVALLOC)(size);
}

EXPORTED size_t malloc_usable_size(void *memory)
{
    return GLIBC(malloc_usable_size, USABLE_SIZE)(memory);
}

// The compiler cannot leave that out. explicit_bzero would be one call more for each block, and most are small.
static inline __attribute__((always_inline)) void wipe(void *memory, size_t size)
{
    memset(memory, 0, size);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

EXPORTED void free(void *memory)
{
    if (memory == NULL)
        return;
    wipe(memory, GLIBC(malloc_usable_size, USABLE_SIZE)(memory));
    GLIBC(free, FREE)(memory);
}

// Old programs call it.
void cfree(void *memory);
EXPORTED void cfree(void *memory)
{
    free(memory);
}

EXPORTED void *realloc(void *memory, size_t size)
{
    if (memory == NULL)
        return malloc(size);
    if (size == 0) {
        free(memory);
        return NULL;
    }
    const size_t had = malloc_usable_size(memory);
    // A block that shrinks stays as it is: that costs memory, and needs no wiping.
    if (size <= had)
        return memory;
    void *grown = malloc(size);
    if (grown == NULL)
        return NULL;
    memcpy(grown, memory, had);
    free(memory);
    return grown;
}

EXPORTED void *reallocarray(void *memory, size_t count, size_t size)
{
    size_t whole = 0;
    if (!__builtin_mul_overflow(count, size, &whole))
        return realloc(memory, whole);
    errno = ENOMEM;
    return NULL;
}
