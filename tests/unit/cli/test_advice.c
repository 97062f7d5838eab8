// Advice: the tables are whole, and what stands in their places fits.
#include "core/unit.h"

#include <string.h>

#include "cli/advice/advice.h"

static void every_reason_has_advice(void **state)
{
    (void)state;
    for (int reason = SSA_REASON_NONE + 1; reason < SSA_REASON_COUNT; reason++)
        assert_non_null(advice_about((enum ssa_reason)reason));
    assert_null(advice_about(SSA_REASON_NONE));
    assert_null(advice_about(SSA_REASON_COUNT));
}

static void whatever_stands_in_an_error_fits(void **state)
{
    (void)state;
    struct ssa_error err;
    char out[ADVICE_TEXT_MAX];
    memset(err.subject, 's', sizeof err.subject - 1);
    memset(err.detail, 'd', sizeof err.detail - 1);
    err.subject[sizeof err.subject - 1] = err.detail[sizeof err.detail - 1] = '\0';
    for (int i = SSA_REASON_NONE + 1; i < SSA_REASON_COUNT; i++) {
        const enum ssa_reason reason = (enum ssa_reason)i;
        advice_text(reason, err.subject, err.detail, out);
        assert_true(strlen(out) > 0 && strlen(out) < sizeof out - 1);
        // The places are filled, and the end is there.
        assert_null(strchr(out, '{'));
        const char *text = advice_about(reason), *end = text + strlen(text) - 1;
        assert_true(*end == '}' || out[strlen(out) - 1] == *end);
    }
    advice_text(SSA_REASON_NONE, "s", "d", out);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_advice),
        cmocka_unit_test(whatever_stands_in_an_error_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
