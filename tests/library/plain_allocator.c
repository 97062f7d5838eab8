// An allocator in place of the C library's, with the functions alone that a program must have. It never gives memory
// back. What is in front of a piece looks like the size of a large one to the C library's malloc_usable_size.
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { HEAP = 256 << 20, ALIGNMENT = 16 };

struct head {
    size_t size;
    size_t misleading;
};

static _Alignas(ALIGNMENT) unsigned char heap[HEAP];
static atomic_size_t used;

void *malloc(size_t size)
{
    const size_t whole = (sizeof(struct head) + size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t at = size < HEAP ? atomic_fetch_add(&used, whole) : HEAP;
    if (at >= HEAP - whole) {
        errno = ENOMEM;
        return NULL;
    }
    *(struct head *)(void *)(heap + at) = (struct head){.size = size, .misleading = SIZE_MAX / ALIGNMENT};
    return heap + at + sizeof(struct head);
}

void free(void *memory)
{
    (void)memory;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size);
}

void *realloc(void *memory, size_t size)
{
    void *other = malloc(size);
    if (other == NULL || memory == NULL)
        return other;
    const size_t had = ((struct head *)memory - 1)->size;
    return memcpy(other, memory, had < size ? had : size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    unsigned char *memory = malloc(size + alignment);
    return memory != NULL ? memory + (alignment - (uintptr_t)memory % alignment) % alignment : NULL;
}
