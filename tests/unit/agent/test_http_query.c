// The target of a request: what is understood, and what is refused.
#include "core/unit.h"

#include <stdlib.h>

#include "agent/http/request.h"
#include "core/text.h"

#define ALL ((1U << PARAMETERS) - 1)

static bool read(const char *text, unsigned known, struct query *query, struct ssa_error *err)
{
    // It lives until the next call: the values are in it.
    static char copy[1024];
    assert_true(text_format(copy, sizeof copy, "%s", text));
    return query_read(copy, known, query, err);
}

static void test_values(void **state)
{
    struct ssa_error err = {0};
    struct query query;
    (void)state;
    SUCCEEDS(read("", ALL, &query, &err));
    assert_null(query.values[PARAMETER_PROFILE]);
    SUCCEEDS(read("profile=&scope=data%3aread+data:write%2B&nbf=1", ALL, &query, &err));
    assert_string_equal(query.values[PARAMETER_PROFILE], "");
    assert_string_equal(query.values[PARAMETER_SCOPE], "data:read data:write+");
    assert_string_equal(query.values[PARAMETER_NBF], "1");
    assert_null(query.values[PARAMETER_WAIT]);
    SUCCEEDS(read("%70rofile=a%3Db=c%26", ALL, &query, &err));
    assert_string_equal(query.values[PARAMETER_PROFILE], "a=b=c&");
    SUCCEEDS(read("profile=\xc3\xbc%C3%BC", ALL, &query, &err));
    assert_string_equal(query.values[PARAMETER_PROFILE], "\xc3\xbc\xc3\xbc");
}

static void test_refusals(void **state)
{
    struct ssa_error err;
    struct query query;
    (void)state;
    FAILS(read("profile", ALL, &query, &err), SSA_USAGE, "profile has no value");
    FAILS(read("Profile=a", ALL, &query, &err), SSA_USAGE, "no parameter \"Profile\"");
    FAILS(read("profile=a&", ALL, &query, &err), SSA_USAGE, "no parameter \"\"");
    FAILS(read("=a", ALL, &query, &err), SSA_USAGE, "no parameter \"\"");
    FAILS(read("profile=a&profile=a", ALL, &query, &err), SSA_USAGE, "given twice");
    FAILS(read("profile=a&prof%69le=", ALL, &query, &err), SSA_USAGE, "given twice");
    FAILS(read("force=1", ALL & ~(1U << PARAMETER_FORCE), &query, &err), SSA_USAGE, "no parameter \"force\"");
    FAILS(read("profile=%", ALL, &query, &err), SSA_USAGE, "percent-encoding");
    FAILS(read("profile=%4", ALL, &query, &err), SSA_USAGE, "percent-encoding");
    FAILS(read("profile=%4g", ALL, &query, &err), SSA_USAGE, "percent-encoding");
    FAILS(read("profile=a%00b", ALL, &query, &err), SSA_USAGE, "percent-encoding");
    FAILS(read("profile=a%0d", ALL, &query, &err), SSA_USAGE, "control characters");
    FAILS(read("profile=a\x7f", ALL, &query, &err), SSA_USAGE, "control characters");
    FAILS(read("profile=%c3", ALL, &query, &err), SSA_USAGE, "not UTF-8");
    FAILS(read("%ff=a", ALL, &query, &err), SSA_USAGE, "not UTF-8");
}

static void test_numbers_and_flags(void **state)
{
    struct ssa_error err = {0};
    struct query query = {0};
    unsigned number;
    bool flag;
    (void)state;
    SUCCEEDS(query_number(&query, PARAMETER_WAIT, 1, 300, 60, &number, &err));
    assert_int_equal(number, 60);
    static const char *const good[] = {"1", "300", "0000000000000000000007"}, *const bad[] = {"",
                                                                                              "0",
                                                                                              "301",
                                                                                              "-1",
                                                                                              "+1",
                                                                                              " 1",
                                                                                              "1 ",
                                                                                              "1.0",
                                                                                              "0x1",
                                                                                              "4294967297",
                                                                                              "18446744073709551617"};
    static const unsigned values[] = {1, 300, 7};
    for (size_t i = 0; i < COUNT(good); i++) {
        query.values[PARAMETER_WAIT] = good[i];
        SUCCEEDS(query_number(&query, PARAMETER_WAIT, 1, 300, 60, &number, &err));
        assert_int_equal(number, values[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        query.values[PARAMETER_WAIT] = bad[i];
        FAILS(query_number(&query, PARAMETER_WAIT, 1, 300, 60, &number, &err), SSA_USAGE, "wait must be a number");
    }
    SUCCEEDS(query_flag(&query, PARAMETER_FORCE, &flag, &err));
    assert_false(flag);
    query.values[PARAMETER_FORCE] = "true";
    SUCCEEDS(query_flag(&query, PARAMETER_FORCE, &flag, &err));
    assert_true(flag);
    query.values[PARAMETER_FORCE] = "TRUE";
    FAILS(query_flag(&query, PARAMETER_FORCE, &flag, &err), SSA_USAGE, "force must be");
}

static void test_what_was_understood_is_kept(void **state)
{
    struct ssa_error err = {0};
    struct request request = {0}, copy;
    (void)state;
    request_take(&request, "/v1/token?scope=data%3Aread&min_ttl=5&force=1&wait=7");
    assert_false(request.understood);
    SUCCEEDS(request_understand(&request, &err));
    const char *scope = request.demand.scope;
    request_take(&request, "/v1/token?scope=data%3Aread&min_ttl=5&force=1&wait=7");
    assert_true(request.understood && request.demand.scope == scope);
    SUCCEEDS(request_copy(&copy, &request));
    // The same length, and longer.
    request_take(&request, "/v1/token?scope=data%3Awrit&min_ttl=5&force=1&wait=7");
    assert_false(request.understood);
    request_take(&request, "/v1/assertion?lifetime=5&nbf=1&account=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    SUCCEEDS(request_understand(&request, &err));
    assert_true(request.kind == REQUEST_ASSERTION && request.lifetime == 5 && request.not_before);
    request_free(&request);
    assert_int_equal(copy.kind, REQUEST_TOKEN);
    assert_string_equal(copy.demand.scope, "data:read");
    assert_true(copy.demand.force && copy.demand.min_ttl == 5 && copy.demand.patience_ms == 7000);
    request_free(&copy);
}

static void test_targets(void **state)
{
    struct ssa_error err = {0};
    struct request request = {0};
    char longest[TARGET_MAX + 1];
    (void)state;
    FAILS(request_understand(&request, &err), SSA_USAGE, "no target");
    static const char *const unknown[] = {
        "", "*", "/", "/v1/token/", "/v1/toke", "/V1/token", "/v1/%74oken", "http://agent/v1/token", "/v1/nothing?x=1"};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        request_take(&request, unknown[i]);
        SUCCEEDS(request_understand(&request, &err));
        assert_int_equal(request.kind, REQUEST_UNKNOWN);
    }
    request_take(&request, "/v1/lock?x=1");
    FAILS(request_understand(&request, &err), SSA_USAGE, "no parameter \"x\"");
    assert_int_equal(request.kind, REQUEST_LOCK);
    // A target that fits just, and one that does not.
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "/v1/token?profile=", sizeof "/v1/token?profile=" - 1);
    longest[TARGET_MAX - 1] = '\0';
    request_take(&request, longest);
    SUCCEEDS(request_understand(&request, &err));
    longest[TARGET_MAX - 1] = 'a';
    longest[TARGET_MAX] = '\0';
    request_take(&request, longest);
    FAILS(request_understand(&request, &err), SSA_USAGE, "longer than");
    request_free(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_numbers_and_flags),
        cmocka_unit_test(test_what_was_understood_is_kept),
        cmocka_unit_test(test_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
