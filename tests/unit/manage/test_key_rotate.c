// key rotate, step by step, with everything around it made up: the order of the steps, what is undone where one fails,
// and that the entry stays open as long as the old key works.
#include "core/unit.h"

#include <stdio.h>
#include <time.h>

#include "config/settings.h"
#include "core/steps.h"
#include "manage/fake_admin.h"
#include "manage/fake_provision.h"
#include "manage/key_recover.h"
#include "manage/new_key.h"
#include "manage/rotation_room.h"
#include "recovery/key_retire.h"
#include "signer/access_token.h"

#define OLD_KEY "pkcs11:token=T;object=old;type=private"

static struct entry waiting;   // of another rotation that is open
static enum standing standing; // of the latter
static unsigned waits_from;    // the look at the journal from which on it is there; 0: never
static unsigned looks;
static struct recovery recovered; // what the recovery of earlier operations finds
static bool in_place;             // whether the profile is in place when provision_profile fails
static const char *changed_to;    // what the profile has become when the new key is prepared; NULL: it stays
static size_t keys;               // that the account has

bool __wrap_key_recover_all(struct recovery *r, struct ssa_error *err);
bool __wrap_journal_each_open(const struct ssa_run *run, journal_visit *visit, void *context, size_t *skipped,
                              struct ssa_error *err);
bool __wrap_new_key_prepare(struct provision *of, const struct provisioning *what, struct ssa_error *err);
bool __wrap_aps_admin(struct oauth_client *client, const char *scopes, struct ssa_error *err);
bool __wrap_journal_claim(struct journal *j, struct ssa_error *err);
bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *list,
                         struct ssa_error *err);
bool __wrap_rotation_make_room(const struct provision *of, const struct ssa_rotation *how, const char *current,
                               struct aps_keys *list, struct ssa_error *err);
bool __wrap_new_key_make(struct provision *of, struct ssa_error *err);
bool __wrap_provision_key_again(struct provision *of, struct ssa_error *err);
bool __wrap_access_token_try(const struct ssa_run *run, struct oauth_client *client,
                             const struct access_token_key *whose, struct token *token, const struct key *key,
                             struct ssa_error *err);
bool __wrap_provision_profile(struct provision *of, const struct profile_block *block, struct ssa_created *created,
                              struct ssa_error *err);
bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *err);
bool __wrap_opened_client(struct opened *open, struct ssa_error *err);
bool __wrap_key_retire(const struct ssa_run *run, struct oauth_client *client, struct journal *j,
                       struct open_token *opened, struct ssa_ending *ending, struct ssa_error *err);

bool __wrap_key_recover_all(struct recovery *r, struct ssa_error *err)
{
    assert_string_equal(r->account, "A");
    r->switched = recovered.switched;
    r->left = recovered.left;
    return step("recover", err);
}

bool __wrap_journal_each_open(const struct ssa_run *run, journal_visit *visit, void *context, size_t *skipped,
                              struct ssa_error *err)
{
    struct journal other = {.entry = &waiting, .fd = standing == IN_USE ? -1 : 0};
    (void)run, (void)skipped;
    if (!step("look", err))
        return false;
    looks++;
    return waits_from == 0 || looks < waits_from || visit(context, &other, standing, err);
}

bool __wrap_new_key_prepare(struct provision *of, const struct provisioning *what, struct ssa_error *err)
{
    assert_int_equal(what->operation, OP_KEY_ROTATE);
    assert_true(of->output->replace);
    assert_false(what->without_profile);
    if (changed_to != NULL)
        (void)unit_write("config/ssa-hsm/default.env", changed_to, 0600);
    return step("prepare", err);
}

bool __wrap_aps_admin(struct oauth_client *client, const char *scopes, struct ssa_error *err)
{
    (void)client, (void)scopes;
    return step("admin", err);
}

// What recovery must know is in the entry by now.
bool __wrap_journal_claim(struct journal *j, struct ssa_error *err)
{
    assert_string_equal(j->entry->account, "A");
    assert_string_equal(j->entry->email, "a@x");
    assert_string_equal(j->entry->old_kid, "OLD");
    assert_string_equal(j->entry->old_key_uri, OLD_KEY);
    return step("claim", err);
}

bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *list, struct ssa_error *err)
{
    (void)client;
    assert_string_equal(account, "A");
    *list = (struct aps_keys){.count = keys, .list = {{.kid = "OLD"}, {.kid = "K1"}, {.kid = "K2"}}};
    return step("list", err);
}

bool __wrap_rotation_make_room(const struct provision *of, const struct ssa_rotation *how, const char *current,
                               struct aps_keys *list, struct ssa_error *err)
{
    (void)of, (void)how, (void)list;
    assert_string_equal(current, "OLD");
    return step("room", err);
}

// The keys from before are in the entry by now. Where it fails, it undoes itself.
bool __wrap_new_key_make(struct provision *of, struct ssa_error *err)
{
    assert_int_equal(of->journal.entry->before.count, 1);
    assert_string_equal(of->journal.entry->before.list[0], "OLD");
    memcpy(of->journal.entry->kid, "NEW", sizeof "NEW");
    return step("make", err);
}

bool __wrap_provision_key_again(struct provision *of, struct ssa_error *err)
{
    (void)of;
    return step("ready", err);
}

bool __wrap_access_token_try(const struct ssa_run *run, struct oauth_client *client,
                             const struct access_token_key *whose, struct token *token, const struct key *key,
                             struct ssa_error *err)
{
    (void)run, (void)client, (void)token, (void)key;
    assert_string_equal(whose->account, "A");
    assert_string_equal(whose->kid, "NEW");
    return step("fetch", err);
}

// Where it fails before the profile is in place, it undoes itself.
bool __wrap_provision_profile(struct provision *of, const struct profile_block *block, struct ssa_created *created,
                              struct ssa_error *err)
{
    (void)created;
    assert_null(block);
    const bool done = step("profile", err);
    of->in_place = done || in_place;
    return done;
}

bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *err)
{
    assert_int_equal(next, STEP_SWITCHED);
    if (!step("switched", err))
        return false;
    j->entry->step = next;
    return true;
}

bool __wrap_opened_client(struct opened *open, struct ssa_error *err)
{
    (void)open;
    return step("client", err);
}

bool __wrap_key_retire(const struct ssa_run *run, struct oauth_client *client, struct journal *j,
                       struct open_token *opened, struct ssa_ending *ending, struct ssa_error *err)
{
    (void)run, (void)client, (void)opened, (void)ending;
    assert_int_equal(j->entry->step, STEP_SWITCHED);
    return step("retire", err);
}

static const char profile[] = "APS_CLIENT_ID=client\nSERVICE_ACCOUNT_ID=A\nKEY_ID=OLD\nSSA_EMAIL=a@x\n"
                              "PRIVATE_KEY=\"" OLD_KEY "\"\n";

static void forget(void)
{
    waiting = (struct entry){.step = STEP_SWITCHED, .client_id = "client", .account = "A", .old_kid = "OLDER"};
    memcpy(waiting.base_url, APS_BASE_URL, sizeof APS_BASE_URL);
    provision_begin();
    standing = WAITING;
    waits_from = looks = 0;
    recovered = (struct recovery){0};
    in_place = false;
    changed_to = NULL;
    keys = 1;
    steps_begin();
}

static int begin(void **state)
{
    forget();
    return unit_folder(state);
}

#define TO_PROFILE                                                                                                     \
    "recover", "look", "prepare", "admin", "claim", "look", "list", "room", "make", "ready", "fetch", "profile"

static struct ssa_rotated rotated;
static struct ssa_ending ending;

static struct ssa_settings *read_settings(void)
{
    struct ssa_settings *s = ssa_settings_new();
    (void)unit_write("config/ssa-hsm/default.env", profile, 0600);
    assert_true(chmod(unit_path("config/ssa-hsm"), 0700) == 0);
    assert_true(ssa_settings_profile(s, NULL, false, NULL, ERROR_IGNORED));
    return s;
}

static bool rotate(const struct ssa_rotation *how, struct ssa_error *err)
{
    struct ssa_settings *s = read_settings();
    const struct ssa_run run = {.settings = s};
    ending = (struct ssa_ending){0};
    const bool done = ssa_key_rotate(&run, how, &rotated, &ending, err);
    ssa_settings_free(s);
    return done;
}

static const struct ssa_rotation usual = {0}, at_once = {.at_once = true};

static void the_old_key_is_kept_until_somebody_ends_it(void **state)
{
    struct ssa_error err;
    (void)state;
    SUCCEEDS(rotate(&usual, &err));
    HAPPENED(TO_PROFILE, "switched");
    assert_string_equal(rotated.old_key_id, "OLD");
    assert_string_equal(rotated.new_key_id, "NEW");
    assert_false(rotated.resumed);
    // The entry is open, and another rotation's recovery leaves it alone: no time ends it.
    assert_int_equal(entry.step, STEP_SWITCHED);
    assert_int_equal(entry.outcome, OUTCOME_NONE);
    assert_int_equal(entry.retire_at, 0);
    assert_false(entry.retires_at_once);
    assert_int_equal(provisions_freed, 1);
}

static void a_grace_ends_at_its_time(void **state)
{
    const struct ssa_rotation graced = {.grace = 3600};
    const time_t before = time(NULL);
    struct ssa_error err;
    (void)state;
    SUCCEEDS(rotate(&graced, &err));
    assert_true(entry.retire_at >= before + 3600 && entry.retire_at <= time(NULL) + 3600);
}

static void the_old_key_is_retired_at_once_only_after_the_switch(void **state)
{
    struct ssa_error err;
    (void)state;
    SUCCEEDS(rotate(&at_once, &err));
    HAPPENED(TO_PROFILE, "switched", "retire");
    // A recovery after a kill must go on with it.
    assert_true(entry.retires_at_once);
    assert_int_equal(rotated.left.code, SSA_OK);
    // The new key works even where the old one is left.
    forget();
    step_that_fails = "retire";
    SUCCEEDS(rotate(&at_once, &err));
    assert_int_equal(rotated.left.code, SSA_NETWORK);
    assert_string_equal(rotated.new_key_id, "NEW");
}

// What happens where each step fails: it is the last, but for an undoing of what the new key's making does not undo
// itself.
static void a_step_that_fails_ends_it(void **state)
{
    static const char *const all[] = {TO_PROFILE};
    struct ssa_error err;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *expected[sizeof all / sizeof all[0] + 2] = {NULL};
        const bool is_undone_here = strcmp(all[i], "ready") == 0 || strcmp(all[i], "fetch") == 0;
        char mention[32];
        forget();
        step_that_fails = all[i];
        time_it_fails = i == 5 ? 2 : 1;
        memcpy(expected, all, (i + 1) * sizeof all[0]);
        expected[i + 1] = is_undone_here ? "undo" : NULL;
        (void)snprintf(mention, sizeof mention, "%s fails", all[i]);
        FAILS(rotate(&at_once, &err), SSA_NETWORK, mention);
        steps_expect(expected);
        // Nothing is made before the first look, and whatever was made is given back.
        assert_int_equal(provisions_freed, i == 0 ? 0 : 1);
        assert_int_equal(entry.step, STEP_BEGUN);
        assert_string_equal(rotated.new_key_id, "");
    }
}

static void a_profile_in_place_is_never_taken_back(void **state)
{
    struct ssa_error err;
    (void)state;
    // Only the sync of its folder failed: the entry says that it was switched, and the old key is kept.
    step_that_fails = "profile";
    in_place = true;
    FAILS(rotate(&at_once, &err), SSA_NETWORK, "profile fails");
    HAPPENED(TO_PROFILE, "switched");
    assert_int_equal(entry.step, STEP_SWITCHED);
    // Where that cannot be written down, the old key is not touched either.
    forget();
    step_that_fails = "switched";
    FAILS(rotate(&at_once, &err), SSA_NETWORK, "switched fails");
    HAPPENED(TO_PROFILE, "switched");
}

static void an_interrupted_rotation_is_finished_and_no_other_is_begun(void **state)
{
    struct ssa_error err;
    (void)state;
    recovered.switched = true;
    SUCCEEDS(rotate(&usual, &err));
    HAPPENED("recover");
    assert_true(rotated.resumed);
    forget();
    recovered.left = 1;
    FAILS(rotate(&usual, &err), SSA_UNEXPECTED, "could not be settled");
    HAPPENED("recover");
    assert_int_equal(ending.how, SSA_END_LEFT);
    assert_int_equal(provisions_freed, 0);
}

static void an_old_key_that_waits_keeps_the_next_rotation_out(void **state)
{
    struct ssa_error err;
    (void)state;
    waits_from = 1;
    FAILS(rotate(&usual, &err), SSA_CONFIG, "its old key OLDER is not retired");
    assert_int_equal(err.reason, SSA_REASON_ROTATION_WAITS);
    HAPPENED("recover", "look");
    // Another process has rotated while this one asked for a PIN: the API is not asked for anything.
    forget();
    waits_from = 2;
    FAILS(rotate(&usual, &err), SSA_CONFIG, "its old key OLDER is not retired");
    HAPPENED("recover", "look", "prepare", "admin", "claim", "look");
    // One that is at work has the account's claim, and an entry of another account or step does not count.
    forget();
    waits_from = 1;
    standing = IN_USE;
    SUCCEEDS(rotate(&usual, &err));
    forget();
    waits_from = 1;
    memcpy(waiting.account, "B", sizeof "B");
    SUCCEEDS(rotate(&usual, &err));
    forget();
    waits_from = 1;
    waiting.step = STEP_IMPORTED;
    SUCCEEDS(rotate(&usual, &err));
}

static void a_profile_that_was_changed_meanwhile_ends_it(void **state)
{
    struct ssa_error err;
    (void)state;
    changed_to = "SERVICE_ACCOUNT_ID=A\nKEY_ID=NEWER\nSSA_EMAIL=a@x\nPRIVATE_KEY=\"" OLD_KEY "\"\n";
    FAILS(rotate(&usual, &err), SSA_CONFIG, "was changed meanwhile");
    HAPPENED("recover", "look", "prepare", "admin", "claim");
}

static bool finish(bool now, char old[static 128], struct ssa_error *err)
{
    struct ssa_settings *s = read_settings();
    const struct ssa_run run = {.settings = s};
    const bool done = ssa_rotation_finish(&run, now, old, &ending, err);
    ssa_settings_free(s);
    return done;
}

static void the_end_waits_for_the_grace(void **state)
{
    char old[128] = "";
    struct ssa_error err;
    (void)state;
    FAILS(finish(false, old, &err), SSA_CONFIG, "no rotation of this account waits");
    HAPPENED("look");
    forget();
    waits_from = 1;
    waiting.retire_at = time(NULL) + 3600;
    FAILS(finish(false, old, &err), SSA_CONFIG, "must work until");
    assert_int_equal(err.reason, SSA_REASON_OLD_KEY_SERVES);
    HAPPENED("look");
    forget();
    waits_from = 1;
    waiting.retire_at = time(NULL) + 3600;
    SUCCEEDS(finish(true, old, &err));
    HAPPENED("look", "client", "retire");
    assert_string_equal(old, "OLDER");
    forget();
    waits_from = 1;
    waiting.retire_at = time(NULL) - 1;
    step_that_fails = "client";
    FAILS(finish(false, old, &err), SSA_NETWORK, "client fails");
    HAPPENED("look", "client");
}

static void a_plan_changes_nothing(void **state)
{
    struct ssa_settings *s = read_settings();
    const struct ssa_run run = {.settings = s};
    const struct ssa_rotation replacing = {.replace = "K1"};
    struct ssa_text plan;
    struct ssa_error err;
    (void)state;
    SUCCEEDS(ssa_rotation_plan(&run, &usual, &plan, &err));
    HAPPENED("list");
    assert_string_equal(admin_scopes, APS_SCOPE_KEY_READ);
    assert_non_null(strstr(plan.text, "account A has 1 of 3 keys"));
    assert_non_null(strstr(plan.text, "in place of OLD"));
    ssa_text_free(&plan);
    keys = 3;
    FAILS(ssa_rotation_plan(&run, &usual, &plan, &err), SSA_REFUSED, "may not have more");
    SUCCEEDS(ssa_rotation_plan(&run, &replacing, &plan, &err));
    assert_non_null(strstr(plan.text, "delete key K1 at the API"));
    ssa_text_free(&plan);
    ssa_settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_old_key_is_kept_until_somebody_ends_it, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_grace_ends_at_its_time, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(the_old_key_is_retired_at_once_only_after_the_switch, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_step_that_fails_ends_it, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_profile_in_place_is_never_taken_back, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(an_interrupted_rotation_is_finished_and_no_other_is_begun, begin,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(an_old_key_that_waits_keeps_the_next_rotation_out, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_profile_that_was_changed_meanwhile_ends_it, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(the_end_waits_for_the_grace, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_plan_changes_nothing, begin, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
