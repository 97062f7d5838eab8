// Buffers from one range of protected memory: as well protected as those with a mapping of their own, and never shared.
#include "core/unit.h"

#include <string.h>
#include <sys/resource.h>

#include "core/mapping.h"
#include "core/secret.h"
#include "core/secret_range.h"

enum { SMALL = 100, LARGE = 60000, TOO_LARGE = 600000, MANY = 200, PAGE = 4096 };

static void make(struct secret *s, size_t capacity)
{
    struct ssa_error err;
    SUCCEEDS(secret_new(s, capacity, &err));
    for (size_t i = 0; i < s->mapped; i++)
        assert_int_equal(s->data[i], 0);
}

static bool nobody_asked(void *context)
{
    (void)context;
    const void *memory = secret_range_take(PAGE);
    return memory == NULL && !secret_range_give("", PAGE);
}

static void there_is_none_unless_the_program_wants_it(void **state)
{
    (void)state;
    unit_in_child(nobody_asked, NULL);
}

static void its_buffers_are_of_one_mapping_that_is_protected(void **state)
{
    (void)state;
    char flags[MAPPING_FLAGS];
    struct secret first, second;
    if (!UNIT_MLOCK_WORKS)
        skip();
    secret_range_use();
    make(&first, SMALL);
    make(&second, LARGE);
    assert_true(first.locked && second.locked);
    assert_true(first.data + first.mapped <= second.data || second.data + second.mapped <= first.data);
    assert_int_equal(mapping_at(first.data, flags), mapping_at(second.data, flags));
    assert_non_null(strstr(flags, " lo "));
    assert_non_null(strstr(flags, " dd "));
    assert_non_null(strstr(flags, " wf "));
    secret_free(&second);
    secret_free(&first);
}

static void what_is_given_back_is_wiped_and_used_again(void **state)
{
    (void)state;
    struct secret s;
    if (!UNIT_MLOCK_WORKS)
        skip();
    secret_range_use();
    make(&s, LARGE);
    const uint8_t *where = s.data;
    memset(s.data, 0x77, s.capacity + 1);
    secret_free(&s);
    assert_null(s.data);
    for (size_t i = 0; i < LARGE; i++)
        assert_int_not_equal(where[i], 0x77);
    make(&s, LARGE);
    assert_ptr_equal(s.data, where);
    secret_free(&s);
}

static void no_two_have_a_page_in_common_however_many(void **state)
{
    (void)state;
    static struct secret many[MANY];
    struct secret too_large;
    secret_range_use();
    make(&too_large, TOO_LARGE);
    for (size_t i = 0; i < MANY; i++) {
        make(&many[i], i % 7 == 0 ? 3 * PAGE : SMALL);
        memset(many[i].data, (int)(i + 1), many[i].mapped);
    }
    for (size_t i = 0; i < MANY; i += 2)
        secret_free(&many[i]);
    for (size_t i = 0; i < MANY; i += 2) {
        make(&many[i], SMALL);
        memset(many[i].data, (int)(i + 1), many[i].mapped);
    }
    for (size_t i = 0; i < MANY; i++)
        for (size_t at = 0; at < many[i].mapped; at++)
            assert_int_equal(many[i].data[at], (uint8_t)(i + 1));
    for (size_t i = 0; i < MANY; i++)
        secret_free(&many[i]);
    secret_free(&too_large);
}

static bool gets_none_of_its_parents(void *context)
{
    const struct secret *parents = context;
    struct ssa_error err;
    struct secret s;
    for (size_t i = 0; i < parents->mapped; i++)
        if (parents->data[i] != 0)
            return false;
    const void *memory = secret_range_take(PAGE);
    const bool made = secret_new(&s, SMALL, &err);
    secret_free(&s);
    return memory == NULL && made;
}

// In a child, memory is not locked any more.
static void a_child_gets_buffers_of_its_own(void **state)
{
    (void)state;
    struct secret s;
    secret_range_use();
    make(&s, SMALL);
    memset(s.data, 0x77, SMALL);
    unit_in_child(gets_none_of_its_parents, &s);
    assert_int_equal(s.data[0], 0x77);
    secret_free(&s);
}

static bool tells_that_it_is_not_locked(void *context)
{
    const struct rlimit *limit = context;
    struct ssa_error err = {0};
    struct secret s, more;
    unit_drop_privileges();
    secret_range_use();
    if (setrlimit(RLIMIT_MEMLOCK, limit) != 0 || !secret_new(&s, SMALL, &err) || !secret_new(&more, LARGE, &err))
        return false;
    const bool as_it_is = s.locked == (limit->rlim_cur > 0) && !more.locked && secret_range_take(PAGE) == NULL;
    secret_free(&more);
    secret_free(&s);
    return as_it_is;
}

// A limit that the range does not fit into leaves each buffer to itself.
static void where_locking_is_refused_each_buffer_says_so(void **state)
{
    (void)state;
    struct rlimit limits[] = {{0}, {.rlim_cur = 2 * PAGE, .rlim_max = 2 * PAGE}};
    if (!UNIT_MLOCK_WORKS)
        skip();
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        unit_in_child(tells_that_it_is_not_locked, &limits[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_none_unless_the_program_wants_it),
        // In a process that has no range yet.
        cmocka_unit_test(where_locking_is_refused_each_buffer_says_so),
        cmocka_unit_test(its_buffers_are_of_one_mapping_that_is_protected),
        cmocka_unit_test(what_is_given_back_is_wiped_and_used_again),
        cmocka_unit_test(no_two_have_a_page_in_common_however_many),
        cmocka_unit_test(a_child_gets_buffers_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
