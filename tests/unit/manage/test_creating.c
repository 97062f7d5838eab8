// account create and key create, step by step, with everything around them made up: what is written down before a
// request leaves, and what is undone where a step fails.
#include "core/unit.h"

#include "core/steps.h"
#include "manage/fake_provision.h"
#include "manage/new_key.h"
#include "ownership/ownership.h"

enum { CLOCK = 1000 };

static enum oauth_outcome outcome; // of the request that fails
static const char *told;           // the id that its answer still has
static bool is_new;

bool __wrap_new_key_prepare(struct provision *made, const struct provisioning *what, struct ssa_error *err);
bool __wrap_aps_admin(struct oauth_client *client, const char *scopes, struct ssa_error *err);
bool __wrap_aps_account_create(struct oauth_client *client, const char *first, const char *last,
                               struct aps_account *account, enum oauth_outcome *done, struct ssa_error *err);
bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys,
                         struct ssa_error *err);
bool __wrap_aps_key_create(struct oauth_client *client, const char *account, char kid[static API_ID_MAX],
                           struct secret *pem, enum oauth_outcome *done, struct ssa_error *err);
time_t __wrap_oauth_server_time(const struct oauth_client *client);
bool __wrap_journal_claim(struct journal *j, struct ssa_error *err);
bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *err);
bool __wrap_ownership_is_new(const struct ssa_run *run, const struct entry *of, const char *thing, const char *id,
                             struct ssa_error *err);
bool __wrap_provision_key(struct provision *of, const char *source, struct ssa_error *err);
bool __wrap_provision_profile(struct provision *of, const struct profile_block *block, struct ssa_created *created,
                              struct ssa_error *err);

bool __wrap_new_key_prepare(struct provision *made, const struct provisioning *what, struct ssa_error *err)
{
    (void)made, (void)err;
    assert_true(what->with_secret);
    return true;
}

bool __wrap_aps_admin(struct oauth_client *client, const char *scopes, struct ssa_error *err)
{
    (void)client, (void)scopes;
    return step("admin", err);
}

bool __wrap_aps_account_create(struct oauth_client *client, const char *first, const char *last,
                               struct aps_account *account, enum oauth_outcome *done, struct ssa_error *err)
{
    (void)client, (void)first, (void)last;
    *done = outcome;
    memcpy(account->id, told, strlen(told) + 1);
    return step("account", err);
}

bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys, struct ssa_error *err)
{
    (void)client;
    assert_string_equal(account, "A");
    *keys = (struct aps_keys){.count = 1, .list = {{.kid = "OLD"}}};
    return step("list", err);
}

bool __wrap_aps_key_create(struct oauth_client *client, const char *account, char kid[static API_ID_MAX],
                           struct secret *pem, enum oauth_outcome *done, struct ssa_error *err)
{
    (void)client, (void)pem;
    assert_string_equal(account, "A");
    *done = outcome;
    memcpy(kid, told, strlen(told) + 1);
    return step("key", err);
}

time_t __wrap_oauth_server_time(const struct oauth_client *client)
{
    (void)client;
    return CLOCK;
}

bool __wrap_journal_claim(struct journal *j, struct ssa_error *err)
{
    (void)j;
    return step("claim", err);
}

bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *err)
{
    static const char *const names[STEP_COUNT] = {
        [STEP_ACCOUNT_ASKED] = "account-asked", [STEP_ACCOUNT_MADE] = "account-made", [STEP_KEY_ASKED] = "key-asked"};
    assert_non_null(names[next]);
    if (!step(names[next], err))
        return false;
    j->entry->step = next;
    return true;
}

bool __wrap_ownership_is_new(const struct ssa_run *run, const struct entry *of, const char *thing, const char *id,
                             struct ssa_error *err)
{
    (void)run, (void)of, (void)thing;
    return is_new || error_set(err, SSA_NETWORK, NULL, id, "was there before");
}

bool __wrap_provision_key(struct provision *of, const char *source, struct ssa_error *err)
{
    (void)of, (void)source;
    return step("import", err);
}

bool __wrap_provision_profile(struct provision *of, const struct profile_block *block, struct ssa_created *created,
                              struct ssa_error *err)
{
    (void)of, (void)created;
    assert_null(block);
    return step("profile", err);
}

static int begin(void **state)
{
    provision_begin();
    steps_begin();
    outcome = OAUTH_DONE;
    told = "A";
    is_new = true;
    return unit_folder(state);
}

static bool create_account(bool without_key, struct ssa_error *err)
{
    const struct ssa_run run = {0};
    const struct ssa_output output = {0};
    struct ssa_created created;
    return ssa_account_create(&run, "my", "account", without_key, &output, &created, NULL, err);
}

static bool create_key(struct ssa_error *err)
{
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s};
    const struct ssa_output output = {0};
    struct ssa_created created;
    told = "NEW";
    // The id of another account than the profile's: it is looked up.
    const bool done = ssa_key_create(&run, "A", &output, &created, NULL, err);
    ssa_settings_free(s);
    return done;
}

bool __wrap_aps_account_look_up(struct oauth_client *client, const char *wanted, struct aps_account *account,
                                struct ssa_error *err);
bool __wrap_aps_account_look_up(struct oauth_client *client, const char *wanted, struct aps_account *account,
                                struct ssa_error *err)
{
    (void)client, (void)err;
    *account = (struct aps_account){.email = "a@x"};
    memcpy(account->id, wanted, strlen(wanted) + 1);
    return true;
}

static void what_is_asked_for_is_written_down_before(void **state)
{
    struct ssa_error err;
    (void)state;
    SUCCEEDS(create_account(true, &err));
    HAPPENED("admin", "claim", "account-asked", "account", "account-made", "profile");
    assert_string_equal(entry.name, "my-account");
    assert_string_equal(entry.account, "A");
    assert_int_equal(entry.asked.from, CLOCK);
    assert_int_equal(entry.account_asked, CLOCK);
    (void)begin(state);
    SUCCEEDS(create_key(&err));
    // The account, and the keys that it has, are in the entry before the new key is asked for.
    HAPPENED("admin", "claim", "list", "key-asked", "key", "key-asked", "import", "profile");
    assert_string_equal(entry.account, "A");
    assert_int_equal(entry.before.count, 1);
    assert_string_equal(entry.kid, "NEW");
}

static void what_cannot_be_written_down_is_not_asked_for(void **state)
{
    struct ssa_error err;
    (void)state;
    step_that_fails = "account-asked";
    FAILS(create_account(true, &err), SSA_NETWORK, "account-asked fails");
    HAPPENED("admin", "claim", "account-asked");
    (void)begin(state);
    step_that_fails = "key-asked";
    FAILS(create_key(&err), SSA_NETWORK, "key-asked fails");
    HAPPENED("admin", "claim", "list", "key-asked", "undo");
    assert_string_equal(entry.kid, "");
}

static void an_answer_that_is_lost_leaves_its_time_and_is_undone(void **state)
{
    struct ssa_error err;
    (void)state;
    step_that_fails = "account";
    outcome = OAUTH_MAYBE_DONE;
    told = "";
    FAILS(create_account(false, &err), SSA_NETWORK, "account fails");
    HAPPENED("admin", "claim", "account-asked", "account", "undo");
    assert_int_equal(entry.asked.until, CLOCK);
    assert_int_equal(provision.asked, OAUTH_MAYBE_DONE);
    assert_string_equal(entry.account, "");
}

static void a_faulty_answer_that_tells_the_id_names_what_is_undone(void **state)
{
    struct ssa_error err;
    (void)state;
    step_that_fails = "account";
    FAILS(create_account(false, &err), SSA_NETWORK, "account fails");
    HAPPENED("admin", "claim", "account-asked", "account", "undo");
    assert_string_equal(entry.account, "A");
    (void)begin(state);
    step_that_fails = "key";
    FAILS(create_key(&err), SSA_NETWORK, "key fails");
    HAPPENED("admin", "claim", "list", "key-asked", "key", "undo");
    assert_string_equal(entry.kid, "NEW");
}

static void the_id_of_a_key_from_before_is_never_taken_for_the_new_one(void **state)
{
    struct ssa_error err;
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s};
    const struct ssa_output output = {0};
    struct ssa_created created;
    (void)state;
    // A faulty answer with the id of a key that the account had.
    step_that_fails = "key";
    told = "OLD";
    FAILS(ssa_key_create(&run, "A", &output, &created, NULL, &err), SSA_NETWORK, "key fails");
    assert_string_equal(entry.kid, "");
    // And one without a fault.
    (void)begin(state);
    told = "OLD";
    is_new = false;
    FAILS(ssa_key_create(&run, "A", &output, &created, NULL, &err), SSA_NETWORK, "was there before");
    assert_string_equal(entry.kid, "");
    HAPPENED("admin", "claim", "list", "key-asked", "key", "undo");
    ssa_settings_free(s);
}

static void a_key_that_does_not_get_in_is_undone_and_no_profile_is_written(void **state)
{
    struct ssa_error err;
    (void)state;
    step_that_fails = "import";
    FAILS(create_account(false, &err), SSA_NETWORK, "import fails");
    HAPPENED("admin", "claim", "account-asked", "account", "account-made", "key-asked", "key", "key-asked", "import",
             "undo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_asked_for_is_written_down_before, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_down_is_not_asked_for, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(an_answer_that_is_lost_leaves_its_time_and_is_undone, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_faulty_answer_that_tells_the_id_names_what_is_undone, begin,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(the_id_of_a_key_from_before_is_never_taken_for_the_new_one, begin,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_key_that_does_not_get_in_is_undone_and_no_profile_is_written, begin,
                                        unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
