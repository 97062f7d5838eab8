// Advice: what stands in its places, and that the tables are whole.
#include "core/unit.h"

#include "cli/advice.h"

static void every_reason_has_advice(void **state)
{
    (void)state;
    for (int reason = SSA_REASON_NONE + 1; reason < SSA_REASON_COUNT; reason++)
        assert_non_null(advice_about((enum ssa_reason)reason));
    assert_null(advice_about(SSA_REASON_NONE));
    assert_null(advice_about(SSA_REASON_COUNT));
}

static void what_does_not_fit_is_said(void **state)
{
    (void)state;
    char whole[512], small[8];
    assert_true(advice_text(SSA_REASON_NO_CLIENT_ID, "s", "d", whole, sizeof whole));
    assert_true(strlen(whole) > sizeof small);
    assert_false(advice_text(SSA_REASON_NO_CLIENT_ID, "s", "d", small, sizeof small));
    assert_int_equal(strlen(small), sizeof small - 1);
    assert_true(advice_text(SSA_REASON_NONE, "s", "d", small, sizeof small));
    assert_string_equal(small, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_advice),
        cmocka_unit_test(what_does_not_fit_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
