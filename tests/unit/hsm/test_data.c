// Whose a data object is.
#include "core/unit.h"

#include <string.h>

#include "hsm/data.h"

static void the_owner_is_the_first_word(void **state)
{
    (void)state;
    assert_int_equal(data_owner("ssa-hsm 20250101T000000.000000Z-00112233"), DATA_OURS);
    assert_int_equal(data_owner("ssa-hsm"), DATA_OURS);
    assert_int_equal(data_owner(""), DATA_NOBODYS);
    assert_int_equal(data_owner("ssa-hsm2"), DATA_ANOTHERS);
    assert_int_equal(data_owner("ssa"), DATA_ANOTHERS);
    assert_int_equal(data_owner("?"), DATA_ANOTHERS);
}

static void a_mark_is_ours_and_fits(void **state)
{
    char mark[DATA_MARK_MAX], name[DATA_MARK_MAX];
    (void)state;
    assert_true(data_mark("20250101T000000.000000Z-00112233", mark));
    assert_string_equal(mark, "ssa-hsm 20250101T000000.000000Z-00112233");
    assert_int_equal(data_owner(mark), DATA_OURS);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(data_mark(name, mark));
}

static void marks_sort_by_time(void **state)
{
    char old[DATA_MARK_MAX], new[DATA_MARK_MAX];
    (void)state;
    assert_true(data_mark("20250101T000000.000000Z-ffffffff", old));
    assert_true(data_mark("20250101T000000.000001Z-00000000", new));
    assert_true(strcmp(old, new) < 0);
    assert_true(strcmp("ssa-hsm", old) < 0);
}

static void one_among_others(void **state)
{
    const struct data_marks marks = {.list = {"a", ""}, .count = 2};
    const struct data_marks none = {.list = {"a"}};
    (void)state;
    assert_true(data_marked(&marks, "a"));
    assert_true(data_marked(&marks, ""));
    assert_false(data_marked(&marks, "b"));
    assert_false(data_marked(&none, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_is_the_first_word),
        cmocka_unit_test(a_mark_is_ours_and_fits),
        cmocka_unit_test(marks_sort_by_time),
        cmocka_unit_test(one_among_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
