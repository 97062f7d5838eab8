// Findings: what was found stays as it was said, and the worst of a check counts.
#include "core/unit.h"

#include <string.h>

#include "doctor/finding.h"

static struct findings found;

static int fresh(void **state)
{
    (void)state;
    findings_free(&found);
    return 0;
}

static struct ssa_error failure(void)
{
    struct ssa_error err = {0};
    error_set(&err, SSA_PIN, "CKR_X", "token", "is broken");
    error_reason(&err, SSA_REASON_PIN_WAS_TRIED, "record");
    return err;
}

static void an_error_becomes_a_failure_or_a_warning(void **state)
{
    (void)state;
    const struct ssa_error err = failure();
    finding_failure(&found, "pin", &err);
    finding_warning(&found, "pin", &err);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.list[0].health, SSA_HEALTH_FAILURE);
    assert_memory_equal(&found.list[0].found, &err, sizeof err);
    // A warning has no exit code.
    assert_int_equal(found.list[1].found.code, SSA_OK);
    assert_int_equal(found.list[1].found.reason, SSA_REASON_PIN_WAS_TRIED);
    assert_string_equal(found.list[1].found.what, "is broken");
}

static void the_worst_of_a_check_counts(void **state)
{
    (void)state;
    const struct ssa_error err = failure();
    assert_false(findings_passed(&found, "pin"));
    assert_int_equal(findings_of(&found, "pin"), SSA_HEALTH_SKIPPED);
    finding_skipped(&found, "pin", "token");
    assert_string_equal(found.list[0].after, "token");
    assert_false(findings_passed(&found, "pin"));
    finding_ok(&found, "pin", NULL, "%s", "fine");
    assert_true(findings_passed(&found, "pin"));
    finding_warning(&found, "pin", &err);
    assert_int_equal(findings_of(&found, "pin"), SSA_HEALTH_WARNING);
    assert_true(findings_passed(&found, "pin"));
    finding_failure(&found, "pin", &err);
    finding_ok(&found, "pin", NULL, "fine again");
    assert_int_equal(findings_of(&found, "pin"), SSA_HEALTH_FAILURE);
    assert_false(findings_passed(&found, "pin"));
    assert_int_equal(findings_of(&found, "token"), SSA_HEALTH_SKIPPED);
}

static void foreign_text_cannot_harm_a_terminal(void **state)
{
    (void)state;
    finding_ok(&found, "token", "a\033[2Jb", "says %s", "\r\n\a");
    finding_row(&found, "setting", "NAME", "\033]0;x", "profile \b");
    finding_left_out(&found, "key", SSA_REASON_LOOK_WITH_LOGIN, "\033", "x\033");
    for (size_t i = 0; i < found.count; i++) {
        const struct ssa_error *e = &found.list[i].found;
        const char *const texts[] = {e->subject, e->what, e->cause, e->detail};
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            for (const char *c = texts[k]; *c != '\0'; c++)
                assert_true((unsigned char)*c >= ' ');
    }
}

static void a_value_that_is_cut_says_so(void **state)
{
    (void)state;
    char value[2000];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    finding_row(&found, "setting", "NAME", value, NULL);
    const char *kept = found.list[0].found.what;
    assert_true(strlen(kept) > 500);
    assert_string_equal(kept + strspn(kept, "v"), "…");
    value[400] = '\0';
    finding_row(&found, "setting", "NAME", value, NULL);
    assert_string_equal(found.list[1].found.what, value);
}

static void any_number_of_them_is_kept(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    for (int i = 0; i < MANY; i++)
        finding_ok(&found, "module", NULL, "%d", i);
    assert_int_equal(found.count, MANY);
    assert_false(found.lost);
    assert_string_equal(found.list[MANY - 1].found.what, "999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_error_becomes_a_failure_or_a_warning, fresh),
        cmocka_unit_test_setup(the_worst_of_a_check_counts, fresh),
        cmocka_unit_test_setup(foreign_text_cannot_harm_a_terminal, fresh),
        cmocka_unit_test_setup(a_value_that_is_cut_says_so, fresh),
        cmocka_unit_test_setup_teardown(any_number_of_them_is_kept, fresh, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
