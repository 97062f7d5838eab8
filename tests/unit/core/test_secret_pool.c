// Buffers that are used again: wiped, locked, of this process alone, and few.
#include "core/unit.h"

#include <string.h>

#include "core/secret_pool.h"

enum { USUAL = 6000, LARGE = 20000, POOLED = 4 };

static void take(struct secret *s)
{
    struct ssa_error err;
    SUCCEEDS(secret_pool_take(s, USUAL, &err));
    assert_int_equal(s->len, 0);
    assert_int_equal(s->capacity, USUAL);
    for (size_t i = 0; i < s->mapped; i++)
        assert_int_equal(s->data[i], 0);
}

static void a_buffer_is_used_again_and_has_nothing_of_before(void **state)
{
    (void)state;
    struct secret s;
    if (!UNIT_MLOCK_WORKS)
        skip();
    take(&s);
    const uint8_t *where = s.data;
    memset(s.data, 0x77, s.capacity + 1);
    s.len = s.capacity;
    secret_pool_give(&s);
    assert_null(s.data);
    assert_int_equal(s.capacity, 0);
    for (size_t i = 0; i < USUAL; i++)
        assert_int_not_equal(where[i], 0x77);
    take(&s);
    assert_ptr_equal(s.data, where);
    assert_true(s.locked);
    secret_free(&s);
}

static bool gets_a_new_one(void *context)
{
    const uint8_t *parents = context;
    struct ssa_error err;
    struct secret s;
    const bool is_new = secret_pool_take(&s, USUAL, &err) && s.data != parents;
    secret_free(&s);
    return is_new;
}

// In a child, memory is not locked any more.
static void a_child_does_not_use_its_parents(void **state)
{
    (void)state;
    struct secret s;
    take(&s);
    uint8_t *where = s.data;
    secret_pool_give(&s);
    unit_in_child(gets_a_new_one, where);
}

static void few_are_kept_and_none_of_another_size(void **state)
{
    (void)state;
    struct secret many[POOLED + 2];
    struct ssa_error err;
    uint8_t *where[POOLED + 2];
    size_t again = 0;
    if (!UNIT_MLOCK_WORKS)
        skip();
    for (size_t i = 0; i < POOLED + 2; i++) {
        take(&many[i]);
        where[i] = many[i].data;
    }
    for (size_t i = 0; i < POOLED + 2; i++)
        secret_pool_give(&many[i]);
    for (size_t i = 0; i < POOLED; i++) {
        take(&many[i]);
        again += many[i].data == where[i];
    }
    assert_int_equal(again, POOLED);
    for (size_t i = 0; i < POOLED; i++)
        secret_free(&many[i]);
    SUCCEEDS(secret_pool_take(&many[0], 100, &err));
    assert_int_equal(many[0].capacity, 100);
    secret_pool_give(&many[0]);
    SUCCEEDS(secret_pool_take(&many[0], LARGE, &err));
    assert_int_equal(many[0].capacity, LARGE);
    secret_pool_give(&many[0]);
    secret_pool_give(&many[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_is_used_again_and_has_nothing_of_before),
        cmocka_unit_test(a_child_does_not_use_its_parents),
        cmocka_unit_test(few_are_kept_and_none_of_another_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
