// What an undoing may take for its own.
#include "core/unit.h"

#include "ownership/ownership.h"

static void from_the_question_to_the_answer(void **state)
{
    (void)state;
    const struct window open = {.from = 1000}, given_up = {.from = 1000, .until = 1002}, unknown = {0};
    assert_false(ownership_window_has(&open, true, 999));
    assert_true(ownership_window_has(&open, true, 1000));
    assert_true(ownership_window_has(&open, true, 1010));
    assert_false(ownership_window_has(&open, true, 1011));
    assert_false(ownership_window_has(&open, false, 1000));
    assert_true(ownership_window_has(&given_up, true, 1003));
    assert_false(ownership_window_has(&given_up, true, 1004));
    assert_false(ownership_window_has(&unknown, true, 1000));
}

static void a_key_that_was_used_is_somebodys(void **state)
{
    (void)state;
    const struct window window = {.from = 1000};
    struct aps_key key = {.has_created_at = true, .created_at = 1001};
    assert_true(ownership_made_within(&window, &key));
    key.has_accessed_at = true;
    key.accessed_at = 1002;
    assert_true(ownership_made_within(&window, &key));
    key.accessed_at = 1003;
    assert_false(ownership_made_within(&window, &key));
    key.has_created_at = false;
    assert_false(ownership_made_within(&window, &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_question_to_the_answer),
        cmocka_unit_test(a_key_that_was_used_is_somebodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
