// What a refusal means: whether something is gone, and whether the server left its reason open.
#include "core/unit.h"

#include "aps/aps.h"
#include "oauth/failure.h"

static struct ssa_error refused(const struct call *call, long status, const char *body)
{
    static struct oauth_client client;
    struct ssa_error err = {0};
    HTTP_RESPONSE_AUTO answer = {.code = CURLE_OK, .status = status, .retry_after = -1};
    assert_true(secret_new(&answer.body, 256, &err) && secret_append_text(&answer.body, body));
    assert_false(failure_set(&client, call, &answer, &err));
    return err;
}

static const struct call deletion = {
    .doing = "deleting",
    .subject = "k",
    .detail = "a",
    .on_400 = SSA_REASON_ACCOUNT_MAYBE_OFF,
    .on_403 = SSA_REASON_APP_ACCESS,
    .on_state = SSA_REASON_ACCOUNT_OFF,
    .on_missing = SSA_REASON_NO_KEY,
    .on_limit = SSA_REASON_KEY_LIMIT,
};

static void is(long status, const char *body, enum ssa_class class, enum ssa_reason reason)
{
    const struct ssa_error err = refused(&deletion, status, body);
    assert_int_equal(err.code, class);
    assert_int_equal(err.reason, reason);
    assert_int_equal(err.domain, SSA_DOMAIN_HTTP);
    assert_int_equal(err.number, status);
}

static void what_the_server_names_is_the_reason(void **state)
{
    (void)state;
    is(403, "{\"title\":\"limit_exceeded\"}", SSA_REFUSED, SSA_REASON_KEY_LIMIT);
    is(404, "{\"title\":\"not_found\"}", SSA_REFUSED, SSA_REASON_NO_KEY);
    is(400, "{\"title\":\"invalid_request\",\"detail\":\"not enabled\"}", SSA_REFUSED, SSA_REASON_ACCOUNT_OFF);
    is(403, "{\"title\":\"invalid_client\"}", SSA_REFUSED, SSA_REASON_CLIENT_KIND);
    is(401, "{\"title\":\"unauthorized\"}", SSA_CREDENTIALS, SSA_REASON_CLIENT_TOKEN);
}

static void else_the_status_is(void **state)
{
    (void)state;
    is(400, "no", SSA_REFUSED, SSA_REASON_ACCOUNT_MAYBE_OFF);
    is(403, "no", SSA_REFUSED, SSA_REASON_APP_ACCESS);
    is(404, "no", SSA_REFUSED, SSA_REASON_OTHER_SERVER);
    is(409, "no", SSA_REFUSED, SSA_REASON_NONE);
    is(401, "no", SSA_CREDENTIALS, SSA_REASON_CLIENT_TOKEN);
    is(302, "no", SSA_NETWORK, SSA_REASON_REDIRECTED);
    is(429, "no", SSA_RATE_LIMIT, SSA_REASON_RATE_LIMIT);
    is(500, "no", SSA_NETWORK, SSA_REASON_NONE);
}

static void only_the_servers_own_404_is_gone(void **state)
{
    (void)state;
    struct ssa_error err = refused(&deletion, 404, "{\"title\":\"not_found\"}");
    assert_true(aps_is_gone(&err));
    err = refused(&deletion, 404, "<html>not found</html>");
    assert_false(aps_is_gone(&err));
    err = refused(&deletion, 400, "{\"title\":\"not_found\"}");
    assert_false(aps_is_gone(&err));
    err = (struct ssa_error){.domain = SSA_DOMAIN_CURL, .number = 404};
    assert_false(aps_is_gone(&err));
}

static void a_guess_by_the_status_is_unclear(void **state)
{
    (void)state;
    struct ssa_error err = refused(&deletion, 400, "no");
    assert_true(aps_is_unclear(&err, 400));
    assert_false(aps_is_unclear(&err, 403));
    err = refused(&deletion, 403, "{\"title\":\"limit_exceeded\"}");
    assert_false(aps_is_unclear(&err, 403));
    err = refused(&deletion, 400, "{\"error\":\"server_error\"}");
    assert_false(aps_is_unclear(&err, 400));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_server_names_is_the_reason),
        cmocka_unit_test(else_the_status_is),
        cmocka_unit_test(only_the_servers_own_404_is_gone),
        cmocka_unit_test(a_guess_by_the_status_is_unclear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
