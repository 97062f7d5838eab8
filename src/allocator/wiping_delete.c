// The operators new and delete of C++ over the allocator of wiping_free.c, under the names of the Itanium ABI: some
// PKCS#11 modules are written in C++. Where LD_PRELOAD brings an allocator that defines these operators, its new would
// return blocks that our free does not know.
#include <malloc.h>
#include <stdlib.h>

#include "allocator/library_symbol.h"

// std::size_t as a letter: unsigned long, or unsigned int where addresses have 32 bits.
#if __SIZEOF_SIZE_T__ == 8
#define SIZE "m"
#else
#define SIZE "j"
#endif
#define NOTHROW "RKSt9nothrow_t"
#define ALIGNED "St11align_val_t"

#define OPERATOR(name) __asm__(name) __attribute__((visibility("default")))
#define SAME_AS(name)  __attribute__((alias(name)))

// The C++ library's own operator. It calls the handler for lack of memory and throws, which C cannot do.
static void *original(const char *name)
{
    static const char *const libraries[] = {"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1"};
    void *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof libraries / sizeof libraries[0]; i++)
        library_symbols(libraries[i], &name, &found, 1);
    if (found == NULL)
        abort();
    return found;
}

void *new_object(size_t size) OPERATOR("_Znw" SIZE);
void *new_object(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL)
        memory = ((void *(*)(size_t))original("_Znw" SIZE))(size);
    return memory;
}
void *new_array(size_t size) OPERATOR("_Zna" SIZE) SAME_AS("_Znw" SIZE);

void *new_aligned_object(size_t size, size_t alignment) OPERATOR("_Znw" SIZE ALIGNED);
void *new_aligned_object(size_t size, size_t alignment)
{
    void *memory = memalign(alignment, size);
    if (memory == NULL)
        memory = ((void *(*)(size_t, size_t))original("_Znw" SIZE ALIGNED))(size, alignment);
    return memory;
}
void *new_aligned_array(size_t size, size_t alignment) OPERATOR("_Zna" SIZE ALIGNED) SAME_AS("_Znw" SIZE ALIGNED);

// The operators that do not throw have one more argument, which is not needed.
void *new_or_null(size_t size) OPERATOR("_Znw" SIZE NOTHROW);
void *new_or_null(size_t size)
{
    return malloc(size);
}
void *new_array_or_null(size_t size) OPERATOR("_Zna" SIZE NOTHROW) SAME_AS("_Znw" SIZE NOTHROW);

void *new_aligned_or_null(size_t size, size_t alignment) OPERATOR("_Znw" SIZE ALIGNED NOTHROW);
void *new_aligned_or_null(size_t size, size_t alignment)
{
    return memalign(alignment, size);
}
void *new_aligned_array_or_null(size_t size, size_t alignment) OPERATOR("_Zna" SIZE ALIGNED NOTHROW)
    SAME_AS("_Znw" SIZE ALIGNED NOTHROW);

void delete_object(void *memory) OPERATOR("_ZdlPv");
void delete_object(void *memory)
{
    free(memory);
}
#define DELETE(name, symbol) void name(void *memory) OPERATOR(symbol) SAME_AS("_ZdlPv")
DELETE(delete_array, "_ZdaPv");
DELETE(delete_sized, "_ZdlPv" SIZE);
DELETE(delete_array_sized, "_ZdaPv" SIZE);
DELETE(delete_nothrow, "_ZdlPv" NOTHROW);
DELETE(delete_array_nothrow, "_ZdaPv" NOTHROW);
DELETE(delete_aligned, "_ZdlPv" ALIGNED);
DELETE(delete_array_aligned, "_ZdaPv" ALIGNED);
DELETE(delete_sized_aligned, "_ZdlPv" SIZE ALIGNED);
DELETE(delete_array_sized_aligned, "_ZdaPv" SIZE ALIGNED);
DELETE(delete_aligned_nothrow, "_ZdlPv" ALIGNED NOTHROW);
DELETE(delete_array_aligned_nothrow, "_ZdaPv" ALIGNED NOTHROW);
