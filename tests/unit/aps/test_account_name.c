// A name that the provider would refuse is refused before a call is spent on it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka's header needs the four above.
#include <cmocka.h>
#include <string.h>

#include "aps/aps.h"

static bool allowed(const char *first, const char *last)
{
    struct ssa_error err = {0};
    if (aps_check_account_name(first, last, &err))
        return true;
    assert_int_equal(err.code, SSA_USAGE);
    assert_string_not_equal(err.hint, "");
    return false;
}

static void the_providers_rules_hold(void **state)
{
    (void)state;
    assert_true(allowed("build", "robot-7"));
    assert_true(allowed("build_bot", "12345"));
    assert_false(allowed("bot", "robot"));
    assert_false(allowed("robot", "bot"));
    assert_false(allowed("robot", "build_bot"));
    assert_false(allowed("-----", "robot"));
    assert_false(allowed("_____", "robot"));
    assert_false(allowed("r\xc3\xb6"
                         "bot",
                         "robot"));
    assert_false(allowed("robot one", "robot"));
    assert_false(allowed("", ""));
}

static void both_together_are_a_name_of_100(void **state)
{
    (void)state;
    char first[102] = "", last[102] = "";
    memset(first, 'a', 49);
    memset(last, 'b', 50);
    assert_true(allowed(first, last));
    first[49] = 'a';
    assert_false(allowed(first, last));
    memset(first, 'a', 101);
    assert_false(allowed(first, "robot"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_providers_rules_hold),
        cmocka_unit_test(both_together_are_a_name_of_100),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
