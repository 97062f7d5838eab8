// What a failure becomes in HTTP, for each class and reason, and as JSON.
#include "core/unit.h"

#include "agent/http/failure.h"
#include "core/json.h"
#include "core/text.h"

static void test_each_class_has_a_status(void **state)
{
    static const struct {
        enum ssa_class class;
        unsigned status;
        const char *name;
    } expected[] = {
        {SSA_OK, 200, "ok"},
        {SSA_UNEXPECTED, 500, "unexpected"},
        {SSA_USAGE, 400, "bad_request"},
        {SSA_CONFIG, 500, "unexpected"},
        {SSA_ABSENT, 503, "lost"},
        {SSA_PIN, 423, "locked"},
        {SSA_KEY_MISSING, 503, "lost"},
        {SSA_TOKEN, 503, "lost"},
        {SSA_NETWORK, 502, "upstream"},
        {SSA_CREDENTIALS, 502, "credentials"},
        {SSA_REFUSED, 502, "refused"},
        {SSA_RATE_LIMIT, 429, "rate_limited"},
        {SSA_IN_USE, 500, "unexpected"},
        {SSA_DECLINED, 423, "locked"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct ssa_error err = {.code = expected[i].class};
        const enum failure failed = failure_of(&err);
        assert_int_equal(failure_status(failed), expected[i].status);
        assert_string_equal(failure_name(failed), expected[i].name);
    }
}

static void test_the_reason_goes_before_the_class(void **state)
{
    static const struct {
        enum ssa_reason reason;
        enum failure failed;
    } expected[] = {
        {SSA_REASON_AGENT_LOCKED, FAILURE_LOCKED},       {SSA_REASON_AGENT_LOST, FAILURE_LOST},
        {SSA_REASON_AGENT_GONE, FAILURE_UNAVAILABLE},    {SSA_REASON_AGENT_PROFILE, FAILURE_UNKNOWN_PROFILE},
        {SSA_REASON_AGENT_DIFFERS, FAILURE_DIFFERS},     {SSA_REASON_AGENT_REFUSES, FAILURE_FORBIDDEN},
        {SSA_REASON_AGENT_BUDGET, FAILURE_RATE_LIMITED}, {SSA_REASON_TIMEOUT, FAILURE_TIMED_OUT},
        {SSA_REASON_CREDENTIALS, FAILURE_UPSTREAM},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct ssa_error err = {.code = SSA_NETWORK, .reason = expected[i].reason};
        assert_int_equal(failure_of(&err), expected[i].failed);
    }
}

static void test_json(void **state)
{
    struct ssa_error err = {0}, failure;
    SECRET_AUTO out = {0};
    (void)state;
    SUCCEEDS(secret_new(&out, FAILURE_TEXT_MAX, &err));
    (void)error_set(&failure, SSA_PIN, "CKR_\"", "a\nb", "wrong \"PIN\"");
    (void)error_reason(&failure, SSA_REASON_AGENT_LOCKED, "/run/x");
    SUCCEEDS(failure_write(&out, FAILURE_LOCKED, &failure, 7, "/run/x", &err));
    assert_string_equal(
        secret_text(&out),
        "{\"error\":\"locked\",\"error_description\":\"wrong \\\"PIN\\\"\",\"exit_code\":5,\"subject\":\"a b\","
        "\"cause\":\"CKR_\\\"\",\"reason\":173,\"detail\":\"/run/x\",\"pin_socket\":\"/run/x\",\"retry_after\":7}");
    secret_clear(&out);
    (void)error_set(&failure, SSA_UNEXPECTED, NULL, NULL, "x");
    SUCCEEDS(failure_write(&out, FAILURE_UNEXPECTED, &failure, 0, NULL, &err));
    assert_string_equal(secret_text(&out), "{\"error\":\"unexpected\",\"error_description\":\"x\",\"exit_code\":1}");
}

// All of its texts full, and of what takes the most room.
static void test_the_longest_fits(void **state)
{
    struct ssa_error err = {0}, failure = {.code = SSA_UNEXPECTED, .reason = SSA_REASON_AGENT_LOCKED};
    SECRET_AUTO out = {0};
    char path[512];
    (void)state;
    memset(failure.what, '"', sizeof failure.what - 1);
    memset(failure.cause, '"', sizeof failure.cause - 1);
    memset(failure.subject, '\\', sizeof failure.subject - 1);
    memset(failure.detail, '"', sizeof failure.detail - 1);
    memset(path, '"', sizeof path);
    path[sizeof path - 1] = '\0';
    SUCCEEDS(secret_new(&out, FAILURE_TEXT_MAX, &err));
    SUCCEEDS(failure_write(&out, FAILURE_UNKNOWN_PROFILE, &failure, UINT32_MAX, path, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_class_has_a_status),
        cmocka_unit_test(test_the_reason_goes_before_the_class),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_the_longest_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
