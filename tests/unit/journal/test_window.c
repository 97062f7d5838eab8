// What can be ours of what appeared while an answer was waited for.
#include "core/unit.h"

#include "journal/window.h"

static void from_the_question_to_the_answer(void **state)
{
    (void)state;
    const struct window open = {.from = 1000}, given_up = {.from = 1000, .until = 1002}, unknown = {0};
    assert_false(window_has(&open, true, 999));
    assert_true(window_has(&open, true, 1000));
    assert_true(window_has(&open, true, 1010));
    assert_false(window_has(&open, true, 1011));
    assert_false(window_has(&open, false, 1000));
    assert_true(window_has(&given_up, true, 1003));
    assert_false(window_has(&given_up, true, 1004));
    assert_false(window_has(&unknown, true, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_question_to_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
