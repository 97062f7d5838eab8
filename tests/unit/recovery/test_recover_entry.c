// What is asked and what is deleted where an operation does not come to its end: by its own process, whose
// next step failed, and by a recovery after that process was killed.
#include "core/unit.h"

#include <unistd.h>

#include "core/text.h"
#include "recovery/fakes.h"
#include "recovery/recovery.h"

enum { ASKED_AT = 1000, DURING = 1001, LATER = 1100 };

static struct ssa_settings *settings;
static struct ssa_run run;

static int set_up(void **state)
{
    struct ssa_error err;
    const int made = unit_folder(state);
    settings = ssa_settings_new();
    assert_non_null(settings);
    SUCCEEDS(ssa_settings_option(settings, "APS_CLIENT_ID", "client", &err));
    run = (struct ssa_run){.settings = settings};
    return made;
}

static int tear_down(void **state)
{
    ssa_settings_free(settings);
    return unit_folder_gone(state);
}

static void fill(char *field, size_t size, const char *text)
{
    assert_true(text_format(field, size, "%s", text));
}
#define FILL(field, text) fill(field, sizeof(field), text)

// An operation that has come to a step, with all that its entry has then.
static void begin(struct journal *j, enum operation operation, enum step step)
{
    struct ssa_error err;
    fakes_begin();
    SUCCEEDS(journal_begin(j, &run, operation, &err));
    struct entry *e = j->entry;
    FILL(e->name, "new-account");
    FILL(e->profile, unit_path("profile.env"));
    FILL(e->profile_before, "absent");
    e->account_asked = e->asked.from = ASKED_AT;
    if (step != STEP_ACCOUNT_ASKED)
        FILL(e->account, "ACCOUNT");
    if (step >= STEP_KEY_MADE) {
        FILL(e->kid, "KEY");
        FILL(e->label, "label KEY");
        FILL(e->key_uri, "pkcs11:token=fake;id=KEY");
        FILL(e->token, "pkcs11:token=fake");
        FILL(e->import, "plain");
        FILL(e->modulus, "0000000000000000000000000000000000000000000000000000000000000000");
        e->id_was_free = true;
    }
    SUCCEEDS(journal_step(j, step, &err));
}

struct result {
    bool settled;
    struct ssa_ending ending;
    struct ssa_error err;
};

// key: what the own process has put on the token.
static void undo(struct journal *j, enum oauth_outcome asked, struct key *key, struct result *result)
{
    struct opened open = {.run = &run, .client_id = "client", .client = fake_client()};
    struct key none = {0};
    const struct known known = {.asked = asked, .key = key != NULL ? key : &none};
    struct recovery r = {.open = &open, .known = &known, .ending = &result->ending};
    *result = (struct result){.settled = false};
    result->settled = recover_entry(&r, j, &result->err);
}

static void recover_killed(struct journal *j, struct result *result)
{
    struct opened open = {.run = &run, .client_id = "client", .client = fake_client()};
    struct recovery r = {.open = &open, .ending = &result->ending};
    *result = (struct result){.settled = false};
    result->settled = recover_entry(&r, j, &result->err);
    opened_end(&open);
}

static void ends(const struct result *result, const struct journal *j, enum outcome outcome, const char *asked)
{
    if (!result->settled)
        fail_msg("not settled: %s", result->err.what);
    assert_int_equal(j->entry->step, STEP_CLOSED);
    assert_int_equal(j->entry->outcome, outcome);
    assert_string_equal(fake_asked, asked);
}

static void stays(const struct result *result, const struct journal *j, enum ssa_reason reason, const char *asked)
{
    assert_false(result->settled);
    assert_int_not_equal(j->entry->step, STEP_CLOSED);
    assert_int_equal(result->ending.how, SSA_END_LEFT);
    assert_int_equal(result->ending.lines[0].reason, reason);
    assert_string_equal(fake_asked, asked);
}

static void a_lost_account_is_found_by_its_name(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO own = {.fd = -1};
    begin(&own, OP_ACCOUNT_CREATE, STEP_ACCOUNT_ASKED);
    fake_add_account("ACCOUNT", "new-account@x", DURING);
    undo(&own, OAUTH_MAYBE_DONE, NULL, &result);
    ends(&result, &own, OUTCOME_UNDONE, "accounts, admin, keys, delete-account ACCOUNT");
    assert_int_equal(result.ending.how, SSA_END_UNDONE);

    JOURNAL_AUTO killed = {.fd = -1};
    begin(&killed, OP_ACCOUNT_CREATE, STEP_ACCOUNT_ASKED);
    fake_add_account("ACCOUNT", "new-account@x", DURING);
    recover_killed(&killed, &result);
    ends(&result, &killed, OUTCOME_UNDONE, "accounts, keys, delete-account ACCOUNT");
}

static void an_account_that_somebody_uses_is_left(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO used = {.fd = -1};
    begin(&used, OP_ACCOUNT_CREATE, STEP_ACCOUNT_ASKED);
    fake_add_account("ACCOUNT", "new-account@x", DURING);
    fake_add_key("OTHER", DURING, 0);
    undo(&used, OAUTH_MAYBE_DONE, NULL, &result);
    stays(&result, &used, SSA_REASON_ACCOUNT_LEFT, "accounts, admin, keys");

    JOURNAL_AUTO older = {.fd = -1};
    begin(&older, OP_ACCOUNT_CREATE, STEP_ACCOUNT_ASKED);
    fake_add_account("ACCOUNT", "new-account@x", ASKED_AT - 1);
    recover_killed(&older, &result);
    ends(&result, &older, OUTCOME_UNDONE, "accounts");
}

static void a_new_account_goes_with_its_key(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO own = {.fd = -1};
    begin(&own, OP_ACCOUNT_CREATE, STEP_KEY_ASKED);
    fake_add_account("ACCOUNT", "new-account@x", DURING);
    undo(&own, OAUTH_MAYBE_DONE, NULL, &result);
    ends(&result, &own, OUTCOME_UNDONE, "get-account ACCOUNT, delete-account ACCOUNT");

    JOURNAL_AUTO killed = {.fd = -1};
    begin(&killed, OP_ACCOUNT_CREATE, STEP_KEY_ASKED);
    fake_add_account("ACCOUNT", "new-account@x", DURING);
    fake_add_key("KEY", DURING, 0);
    recover_killed(&killed, &result);
    ends(&result, &killed, OUTCOME_UNDONE, "keys, get-account ACCOUNT, delete-account ACCOUNT");
}

static void a_key_of_which_the_answer_told_is_deleted_unasked(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j, OP_KEY_CREATE, STEP_KEY_ASKED);
    FILL(j.entry->kid, "KEY");
    undo(&j, OAUTH_DONE, NULL, &result);
    ends(&result, &j, OUTCOME_UNDONE, "delete-key KEY");
    assert_int_equal(result.ending.how, SSA_END_UNDONE);
}

static void an_answer_with_another_id_is_found_out(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j, OP_KEY_CREATE, STEP_KEY_ASKED);
    FILL(j.entry->kid, "TOLD");
    fake_api.kept = "TOLD";
    fake_add_key("KEY", DURING, 0);
    undo(&j, OAUTH_DONE, NULL, &result);
    ends(&result, &j, OUTCOME_UNDONE, "delete-key TOLD, keys, delete-key KEY");
}

static void of_a_lost_key_only_what_came_meanwhile_is_deleted(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO one = {.fd = -1};
    begin(&one, OP_KEY_CREATE, STEP_KEY_ASKED);
    fake_add_key("KEY", DURING, 0);
    recover_killed(&one, &result);
    ends(&result, &one, OUTCOME_UNDONE, "keys, delete-key KEY");

    JOURNAL_AUTO used = {.fd = -1};
    begin(&used, OP_KEY_CREATE, STEP_KEY_ASKED);
    fake_add_key("OTHER", DURING, LATER);
    recover_killed(&used, &result);
    ends(&result, &used, OUTCOME_UNDONE, "keys");

    JOURNAL_AUTO own = {.fd = -1};
    begin(&own, OP_KEY_CREATE, STEP_KEY_ASKED);
    fake_add_key("OTHER", LATER, 0);
    undo(&own, OAUTH_MAYBE_DONE, NULL, &result);
    stays(&result, &own, SSA_REASON_KEY_LEFT, "keys");
}

static void which_of_two_keys_is_lost_is_not_guessed(void **state)
{
    (void)state;
    static struct result result;
    for (int killed = 0; killed <= 1; killed++) {
        JOURNAL_AUTO j = {.fd = -1};
        begin(&j, OP_KEY_CREATE, STEP_KEY_ASKED);
        fake_add_key("ONE", DURING, 0);
        fake_add_key("OTHER", DURING, 0);
        if (killed)
            recover_killed(&j, &result);
        else
            undo(&j, OAUTH_MAYBE_DONE, NULL, &result);
        stays(&result, &j, SSA_REASON_SOME_KEY_LEFT, "keys");
        assert_int_equal(result.err.reason, SSA_REASON_LOST_KEY);
    }
}

static void a_key_that_was_there_before_is_not_touched(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j, OP_KEY_ROTATE, STEP_BEGUN);
    FILL(j.entry->old_kid, "KEY");
    FILL(j.entry->kid, "KEY");
    j.entry->step = STEP_KEY_ASKED;
    undo(&j, OAUTH_DONE, NULL, &result);
    stays(&result, &j, SSA_REASON_KEY_LEFT, "");
    assert_int_equal(result.err.reason, SSA_REASON_ANOTHERS);
}

static void the_own_process_destroys_what_it_has_made(void **state)
{
    (void)state;
    static struct result result;
    struct key key = {.private_object = 1, .public_object = 2};
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j, OP_KEY_CREATE, STEP_IMPORTED);
    undo(&j, OAUTH_DONE, &key, &result);
    ends(&result, &j, OUTCOME_UNDONE, "destroy KEY, delete-key KEY");

    JOURNAL_AUTO import = {.fd = -1};
    begin(&import, OP_KEY_IMPORT, STEP_IMPORTED);
    undo(&import, OAUTH_NOT_DONE, &key, &result);
    ends(&result, &import, OUTCOME_UNDONE, "destroy KEY");
}

static void a_recovery_looks_twice_before_it_destroys(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j, OP_KEY_CREATE, STEP_KEY_MADE);
    fake_token.located = LOCATED;
    fake_token.key.public_object = 2; // the private half did not come in
    fake_add_key("KEY", DURING, 0);
    recover_killed(&j, &result);
    ends(&result, &j, OUTCOME_UNDONE, "keys, open-token, locate KEY, locate KEY, destroy KEY, delete-key KEY");

    JOURNAL_AUTO another = {.fd = -1};
    begin(&another, OP_KEY_CREATE, STEP_KEY_MADE);
    fake_token.located = LOCATED_ANOTHER;
    fake_add_key("KEY", DURING, 0);
    recover_killed(&another, &result);
    assert_false(result.settled);
    assert_int_equal(result.err.reason, SSA_REASON_ANOTHERS);
    assert_null(strstr(fake_asked, "destroy"));
    assert_null(strstr(fake_asked, "delete"));
}

static void where_the_token_fails_the_api_is_cleared_all_the_same(void **state)
{
    (void)state;
    static struct result result;
    struct key key = {.private_object = 1};
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j, OP_KEY_CREATE, STEP_IMPORTED);
    fake_token.no_destruction = true;
    undo(&j, OAUTH_DONE, &key, &result);
    stays(&result, &j, SSA_REASON_ON_TOKEN_LEFT, "destroy KEY, delete-key KEY");
    assert_string_equal(result.ending.lines[0].detail, "remove KEY");
    assert_int_equal(result.err.code, SSA_TOKEN);
}

static void what_cannot_be_deleted_is_named(void **state)
{
    (void)state;
    static struct result result;
    JOURNAL_AUTO key = {.fd = -1};
    begin(&key, OP_KEY_CREATE, STEP_KEY_ASKED);
    FILL(key.entry->kid, "KEY");
    fake_api.no_deletions = true;
    undo(&key, OAUTH_DONE, NULL, &result);
    stays(&result, &key, SSA_REASON_KEY_LEFT, "delete-key KEY");
    assert_string_equal(result.ending.lines[0].subject, "KEY");
    assert_string_equal(result.ending.lines[0].detail, "ACCOUNT");

    JOURNAL_AUTO lists = {.fd = -1};
    begin(&lists, OP_KEY_CREATE, STEP_KEY_ASKED);
    fake_api.no_lists = true;
    undo(&lists, OAUTH_MAYBE_DONE, NULL, &result);
    stays(&result, &lists, SSA_REASON_SOME_KEY_LEFT, "keys");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lost_account_is_found_by_its_name),
        TEST(an_account_that_somebody_uses_is_left),
        TEST(a_new_account_goes_with_its_key),
        TEST(a_key_of_which_the_answer_told_is_deleted_unasked),
        TEST(an_answer_with_another_id_is_found_out),
        TEST(of_a_lost_key_only_what_came_meanwhile_is_deleted),
        TEST(which_of_two_keys_is_lost_is_not_guessed),
        TEST(a_key_that_was_there_before_is_not_touched),
        TEST(the_own_process_destroys_what_it_has_made),
        TEST(a_recovery_looks_twice_before_it_destroys),
        TEST(where_the_token_fails_the_api_is_cleared_all_the_same),
        TEST(what_cannot_be_deleted_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
