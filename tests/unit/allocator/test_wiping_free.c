// free and realloc of the whole process: what a library releases is wiped before anybody else gets it.
#include "core/unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The allocator keeps its own list in the first words of a free block.
enum { ALLOCATORS_OWN = 32, FILL = 0x5a };

// Not seen through by the compiler, which would leave out a free that follows a fill.
static void *(*volatile take)(size_t) = malloc;
static void *(*volatile grow)(void *, size_t) = realloc;
static void (*volatile release)(void *) = free;

static uint8_t *filled(size_t size)
{
    uint8_t *block = take(size);
    assert_non_null(block);
    memset(block, FILL, size);
    return block;
}

// The next block of this size is, as glibc does it, the one released last: it must not hold the fill.
static void nothing_is_left(const void *released, size_t size)
{
    volatile uint8_t *next = take(size);
    assert_non_null((const void *)next);
    assert_ptr_equal((const void *)next, released);
    for (size_t i = ALLOCATORS_OWN; i < size; i++)
        if (next[i] == FILL)
            fail_msg("byte %zu of %zu is left", i, size);
    release((void *)next);
}

int main(void);

static const size_t sizes[] = {40, 64, 100, 1000, 1032};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void a_freed_block_is_wiped(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        uint8_t *block = filled(sizes[i]);
        release(block);
        nothing_is_left(block, sizes[i]);
    }
}

static void a_block_that_moves_is_wiped_where_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        uint8_t *block = filled(sizes[i]);
        uint8_t *moved = grow(block, 8 * sizes[i]);
        assert_non_null(moved);
        assert_ptr_not_equal(moved, block);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(moved[k], FILL);
        nothing_is_left(block, sizes[i]);
        release(moved);
    }
}

static void a_block_that_shrinks_keeps_its_content(void **state)
{
    (void)state;
    uint8_t *block = filled(1000), *shrunk = grow(block, 10);
    assert_non_null(shrunk);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(shrunk[i], FILL);
    const size_t whole = malloc_usable_size(shrunk);
    release(shrunk);
    if (shrunk == block)
        nothing_is_left(block, whole);
}

static void the_library_s_own_releases_are_wiped_too(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    assert_non_null(memory);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(fputc(FILL, memory), FILL);
    assert_int_equal(fclose(memory), 0);
    assert_int_equal(len, 500);
    const size_t whole = malloc_usable_size(text);
    release(text);
    nothing_is_left(text, whole);
    uint8_t *block = filled(100), *moved = reallocarray(block, 100, 10);
    assert_non_null(moved);
    nothing_is_left(block, 100);
    release(moved);
}

static void the_rules_of_c_hold(void **state)
{
    (void)state;
    errno = 7;
    release(NULL);
    uint8_t *block = grow(NULL, 50);
    assert_non_null(block);
    memset(block, 1, 50);
    release(block);
    assert_int_equal(errno, 7);
    block = filled(50);
    void *same = grow(block, SIZE_MAX / 2);
    assert_null(same);
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(block[49], FILL);
    assert_null(grow(block, 0));
    nothing_is_left(block, 50);
    void *aligned = aligned_alloc(4096, 8192);
    assert_non_null(aligned);
    memset(aligned, FILL, 8192);
    release(aligned);
    uint8_t *large = filled((size_t)8 << 20);
    large = grow(large, (size_t)16 << 20);
    assert_non_null(large);
    assert_int_equal(large[((size_t)8 << 20) - 1], FILL);
    release(large);
}

static void *aligned_by_posix(size_t alignment, size_t size)
{
    void *memory = NULL;
    return posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void *whole_pages(size_t alignment, size_t size)
{
    return alignment == 4096 ? pvalloc(size) : valloc(size);
}

// Whoever made a block, it is wiped in its whole length.
static void every_way_of_allocating_ends_in_the_same_release(void **state)
{
    (void)state;
    static void *(*const ways[])(size_t, size_t) = {calloc, aligned_alloc, memalign, aligned_by_posix, whole_pages};
    static const size_t alignments[] = {64, 4096};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        for (size_t k = 0; k < 2; k++) {
            uint8_t *block = ways[i](alignments[k], 192);
            assert_non_null(block);
            const size_t usable = malloc_usable_size(block);
            assert_true(usable >= 192);
            memset(block, FILL, usable);
            release(block);
            for (size_t at = ALLOCATORS_OWN; at < usable - ALLOCATORS_OWN; at++)
                if (*(volatile uint8_t *)(block + at) == FILL)
                    fail_msg("way %zu left byte %zu of %zu", i, at, usable);
        }
}

static void too_large_an_array_is_none(void **state)
{
    (void)state;
    uint8_t *block = filled(64);
    // Not seen through by the compiler, which knows that this is too much.
    static void *(*volatile grow_array)(void *, size_t, size_t) = reallocarray;
    errno = 0;
    assert_null(grow_array(block, SIZE_MAX / 2, 3));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(block[63], FILL);
    release(block);
}

// A library that was preloaded, or is loaded later, gets the same functions.
static void all_of_the_family_is_seen_from_outside(void **state)
{
    (void)state;
    static const char *const names[] = {"malloc",
                                        "calloc",
                                        "realloc",
                                        "reallocarray",
                                        "free",
                                        "cfree",
                                        "aligned_alloc",
                                        "posix_memalign",
                                        "memalign",
                                        "valloc",
                                        "pvalloc",
                                        "malloc_usable_size",
                                        "_Znwm",
                                        "_Znam",
                                        "_ZnwmRKSt9nothrow_t",
                                        "_ZnamSt11align_val_tRKSt9nothrow_t",
                                        "_ZdlPv",
                                        "_ZdaPvm",
                                        "_ZdlPvSt11align_val_t",
                                        "_ZdaPvmSt11align_val_t"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        Dl_info first, own;
        void *found = dlsym(RTLD_DEFAULT, names[i]);
        assert_non_null(found);
        assert_int_not_equal(dladdr(found, &first), 0);
        assert_int_not_equal(dladdr((const void *)main, &own), 0);
        assert_ptr_equal(first.dli_fbase, own.dli_fbase);
    }
}

static void *churn(void *context)
{
    (void)context;
    uint8_t *blocks[16] = {NULL};
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t **block = &blocks[i % 16];
        release(*block);
        *block = take(i % 3000 + 1);
        if (*block == NULL)
            return NULL;
        (*block)[i % 3000] = FILL;
        uint8_t *moved = grow(*block, i % 5000 + 1);
        if (moved == NULL)
            return NULL;
        *block = moved;
    }
    for (size_t i = 0; i < 16; i++)
        release(blocks[i]);
    static char done;
    return &done;
}

static void threads_do_not_get_into_each_other_s_way(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_freed_block_is_wiped),
        cmocka_unit_test(a_block_that_moves_is_wiped_where_it_was),
        cmocka_unit_test(a_block_that_shrinks_keeps_its_content),
        cmocka_unit_test(the_library_s_own_releases_are_wiped_too),
        cmocka_unit_test(the_rules_of_c_hold),
        cmocka_unit_test(every_way_of_allocating_ends_in_the_same_release),
        cmocka_unit_test(too_large_an_array_is_none),
        cmocka_unit_test(all_of_the_family_is_seen_from_outside),
        cmocka_unit_test(threads_do_not_get_into_each_other_s_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
