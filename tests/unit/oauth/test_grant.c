// The answer with an access token, when a part of its time is over.
#include "core/unit.h"

#include "core/json.h"
#include "oauth/grant.h"

static struct ssa_error err;

static void becomes(const char *answer, const char *expected)
{
    SECRET_AUTO indented = {0}, out = {0};
    SUCCEEDS(secret_new(&indented, 1024, &err));
    SUCCEEDS(secret_new(&out, 1024, &err));
    SUCCEEDS(json_indent(span_text(answer), &indented, &err));
    assert_true(grant_count_down(secret_span(&indented), 42, &out));
    assert_string_equal(secret_text(&out), expected);
}

static void the_number_is_replaced(void **state)
{
    (void)state;
    becomes("{\"access_token\":\"a\",\"expires_in\":3599,\"x\":1}",
            "{\n  \"access_token\": \"a\",\n  \"expires_in\": 42,\n  \"x\": 1\n}\n");
    becomes("{\"x\":1,\"expires_in\":\"3599\"}", "{\n  \"x\": 1,\n  \"expires_in\": 42\n}\n");
    becomes("{\"expires_in\":1,\"expires_in\":2}", "{\n  \"expires_in\": 42,\n  \"expires_in\": 42\n}\n");
}

static void all_else_stays(void **state)
{
    (void)state;
    becomes("{\"a\":{\"expires_in\":1}}", "{\n  \"a\": {\n    \"expires_in\": 1\n  }\n}\n");
    becomes("{\"a\":\"\\n  \\\"expires_in\\\": 1\"}", "{\n  \"a\": \"\\n  \\\"expires_in\\\": 1\"\n}\n");
    becomes("{\"a\":1}", "{\n  \"a\": 1\n}\n");
}

static void where_it_does_not_fit(void **state)
{
    (void)state;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, 20, &err));
    assert_false(grant_count_down(span_text("{\n  \"expires_in\": 1,\n  \"x\": 1\n}\n"), 42, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_is_replaced),
        cmocka_unit_test(all_else_stays),
        cmocka_unit_test(where_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
