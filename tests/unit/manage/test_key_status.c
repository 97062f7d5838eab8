// key enable and key disable, with a server that is made up.
#include "core/unit.h"

#include "config/settings.h"
#include "manage/fake_admin.h"

// What the API answers to the change, and what it says of the key afterwards.
static struct ssa_error answer;
static enum oauth_outcome outcome;
static struct aps_keys afterwards;

bool __wrap_aps_key_set_status(struct oauth_client *client, const char *account, const char *kid, const char *status,
                               enum oauth_outcome *done, struct ssa_error *err);
bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys,
                         struct ssa_error *err);
void __wrap_aps_explain_keys(struct oauth_client *client, const char *account, bool creating, struct ssa_error *err);

bool __wrap_aps_key_set_status(struct oauth_client *client, const char *account, const char *kid, const char *status,
                               enum oauth_outcome *done, struct ssa_error *err)
{
    (void)client, (void)status;
    assert_string_equal(account, "A");
    assert_string_equal(kid, "K1");
    *err = answer;
    *done = outcome;
    return answer.code == SSA_OK;
}

bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys, struct ssa_error *err)
{
    (void)client, (void)account, (void)err;
    *keys = afterwards;
    return true;
}

void __wrap_aps_explain_keys(struct oauth_client *client, const char *account, bool creating, struct ssa_error *err)
{
    (void)client, (void)account, (void)creating, (void)err;
}

static bool disable(bool *changed, struct ssa_error *err)
{
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s};
    assert_true(ssa_settings_option(s, "APS_CLIENT_ID", "client", ERROR_IGNORED));
    const bool done = ssa_key_enable(&run, "A", "K1", false, changed, err);
    ssa_settings_free(s);
    return done;
}

static int begin(void **state)
{
    answer = (struct ssa_error){.code = SSA_OK};
    outcome = OAUTH_DONE;
    afterwards = (struct aps_keys){.count = 2, .list = {{.kid = "K0"}, {.kid = "K1", .status = "DISABLED"}}};
    return unit_folder(state);
}

static void refuse(void)
{
    error_set(&answer, SSA_REFUSED, "HTTP 400", "K1", "disabling the key was refused");
    error_number(&answer, SSA_DOMAIN_HTTP, 400);
    outcome = OAUTH_NOT_DONE;
}

static void a_change_is_told(void **state)
{
    (void)state;
    struct ssa_error err;
    bool changed = false;
    SUCCEEDS(disable(&changed, &err));
    assert_true(changed);
}

static void what_it_is_already_is_no_failure(void **state)
{
    (void)state;
    struct ssa_error err;
    bool changed = true;
    refuse();
    SUCCEEDS(disable(&changed, &err));
    assert_false(changed);
    // The answer to the first try was lost: that one may have made it so.
    outcome = OAUTH_MAYBE_DONE;
    SUCCEEDS(disable(&changed, &err));
    assert_true(changed);
}

static void another_refusal_is_one(void **state)
{
    (void)state;
    struct ssa_error err;
    bool changed = true;
    refuse();
    afterwards.list[1].status[0] = '\0';
    FAILS(disable(&changed, &err), SSA_REFUSED, "was refused");
    assert_int_equal(err.number, 400);
    assert_false(changed);
    // Where the server says why, the status is not looked at.
    afterwards.list[1] = (struct aps_key){.kid = "K1", .status = "DISABLED"};
    error_reason(&answer, SSA_REASON_ACCOUNT_OFF, "A");
    FAILS(disable(&changed, &err), SSA_REFUSED, "was refused");
    assert_int_equal(err.reason, SSA_REASON_ACCOUNT_OFF);
}

static void nobody_need_ask_why(void **state)
{
    (void)state;
    bool changed = true;
    refuse();
    afterwards.count = 0;
    assert_false(disable(&changed, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_is_told, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_it_is_already_is_no_failure, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(another_refusal_is_one, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(nobody_need_ask_why, begin, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
