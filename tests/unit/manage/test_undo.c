// What an undoing may take for its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka's header needs the four above.
#include <cmocka.h>

#include "manage/undo.h"

static void a_key_that_was_used_is_somebodys(void **state)
{
    (void)state;
    const struct window window = {.from = 1000};
    struct aps_key key = {.has_created_at = true, .created_at = 1001};
    assert_true(made_within(&window, &key));
    key.has_accessed_at = true;
    key.accessed_at = 1002;
    assert_true(made_within(&window, &key));
    key.accessed_at = 1003;
    assert_false(made_within(&window, &key));
    key.has_created_at = false;
    assert_false(made_within(&window, &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_was_used_is_somebodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
