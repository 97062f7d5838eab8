// Advice: the tables are whole, and what stands in their places fits.
#include "core/unit.h"

#include <stdio.h>
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

static bool accepts_profile(const char *name, size_t len)
{
    return len == strlen("profile") && strncmp(name, "profile", len) == 0;
}

static void options_that_are_not_accepted_go(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"Name it with --module or SSA_HSM_MODULE.", "Name it with SSA_HSM_MODULE."},
        {"SSA_HSM_MODULE or --module names it.", "SSA_HSM_MODULE names it."},
        {"Run it without --pin-source and SSA_HSM_PIN_SOURCE. So it is.",
         "Run it without SSA_HSM_PIN_SOURCE. So it is."},
        {"First. Use --token X. Last.", "First. Last."},
        {"First. Use --token X.", "First."},
        {"--token X.", ""},
        {"--module --token or A.", ""},
        {"--module or A, --token or B.", "A, B."},
        {"`ssa-hsm hsm list --module X` or --profile or A.", "`ssa-hsm hsm list --module X` or --profile or A."},
        {"a--token or X --", "a--token or X --"},
        {"--", "--"},
        {"-- or A", "-- or A"},
        {"--module", ""},
        {"`--token", "`--token"},
    };
    char text[ADVICE_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(text, sizeof text, "%s", cases[i][0]);
        advice_fit(text, accepts_profile);
        assert_string_equal(text, cases[i][1]);
    }
    advice_for(accepts_profile);
    advice_text(SSA_REASON_MODULE_NO_ANSWER, "", "", text);
    assert_string_equal(text, "Name the module that you want with SSA_HSM_MODULE.");
    advice_for(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_advice),
        cmocka_unit_test(whatever_stands_in_an_error_fits),
        cmocka_unit_test(options_that_are_not_accepted_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
