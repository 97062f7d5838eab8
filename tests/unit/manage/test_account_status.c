// account enable and account disable, with a server that is made up.
#include "core/unit.h"

#include "config/settings.h"
#include "manage/fake_admin.h"

static struct ssa_error answer;      // to the change
static enum oauth_outcome outcome;   // of it
static struct aps_account account;   // as the API has it afterwards
static struct aps_account looked_up; // as its list has it before
static unsigned changes;             // that were asked for

bool __wrap_aps_account_look_up(struct oauth_client *client, const char *wanted, struct aps_account *found,
                                struct ssa_error *err);
bool __wrap_aps_account_get(struct oauth_client *client, const char *id, struct aps_account *found,
                            struct ssa_error *err);
bool __wrap_aps_account_set_status(struct oauth_client *client, const char *id, const char *status,
                                   struct aps_account *found, enum oauth_outcome *done, struct ssa_error *err);

bool __wrap_aps_account_look_up(struct oauth_client *client, const char *wanted, struct aps_account *found,
                                struct ssa_error *err)
{
    (void)client, (void)err;
    assert_string_equal(wanted, "a@x");
    *found = looked_up;
    return true;
}

bool __wrap_aps_account_get(struct oauth_client *client, const char *id, struct aps_account *found,
                            struct ssa_error *err)
{
    (void)client, (void)err;
    assert_string_equal(id, "A");
    *found = account;
    return true;
}

bool __wrap_aps_account_set_status(struct oauth_client *client, const char *id, const char *status,
                                   struct aps_account *found, enum oauth_outcome *done, struct ssa_error *err)
{
    (void)client;
    assert_string_equal(id, "A");
    assert_string_equal(status, "DISABLED");
    changes++;
    *err = answer;
    *done = outcome;
    *found = account;
    return answer.code == SSA_OK;
}

static bool disable(const char *named, struct ssa_account *after, bool *changed, struct ssa_error *err)
{
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s};
    assert_true(ssa_settings_option(s, "APS_CLIENT_ID", "client", ERROR_IGNORED));
    const bool done = ssa_account_enable(&run, named, false, after, changed, err);
    ssa_settings_free(s);
    return done;
}

static int begin(void **state)
{
    answer = (struct ssa_error){.code = SSA_OK};
    outcome = OAUTH_DONE;
    account = (struct aps_account){.id = "A", .email = "a@x", .status = "DISABLED"};
    looked_up = (struct aps_account){.id = "A", .email = "a@x", .status = "ENABLED"};
    changes = 0;
    return unit_folder(state);
}

static void refuse(void)
{
    error_set(&answer, SSA_REFUSED, "HTTP 400", "A", "disabling the account was refused");
    error_number(&answer, SSA_DOMAIN_HTTP, 400);
    outcome = OAUTH_NOT_DONE;
}

static void a_change_is_told(void **state)
{
    (void)state;
    struct ssa_account after;
    struct ssa_error err;
    bool changed = false;
    SUCCEEDS(disable("A", &after, &changed, &err));
    assert_true(changed);
    assert_string_equal(after.status, "DISABLED");
}

static void nothing_is_asked_for_where_the_list_tells_that_status(void **state)
{
    (void)state;
    struct ssa_account after;
    struct ssa_error err;
    bool changed = true;
    memcpy(looked_up.status, "DISABLED", sizeof "DISABLED");
    SUCCEEDS(disable("a@x", &after, &changed, &err));
    assert_false(changed);
    assert_int_equal(changes, 0);
    memcpy(looked_up.status, "ENABLED", sizeof "ENABLED");
    SUCCEEDS(disable("a@x", &after, &changed, &err));
    assert_true(changed);
    assert_int_equal(changes, 1);
}

static void the_status_that_it_has_already_is_no_failure(void **state)
{
    (void)state;
    struct ssa_account after;
    struct ssa_error err;
    bool changed = true;
    refuse();
    SUCCEEDS(disable("A", &after, &changed, &err));
    assert_false(changed);
    // The answer to the first try was lost: that one may have made it so.
    outcome = OAUTH_MAYBE_DONE;
    SUCCEEDS(disable("A", &after, &changed, &err));
    assert_true(changed);
}

static void another_refusal_is_one(void **state)
{
    (void)state;
    struct ssa_account after;
    struct ssa_error err;
    bool changed = true;
    refuse();
    memcpy(account.status, "ENABLED", sizeof "ENABLED");
    FAILS(disable("A", &after, &changed, &err), SSA_REFUSED, "was refused");
    assert_non_null(strstr(err.hint, "ENABLED"));
    assert_false(changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_is_told, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(nothing_is_asked_for_where_the_list_tells_that_status, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(the_status_that_it_has_already_is_no_failure, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(another_refusal_is_one, begin, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
