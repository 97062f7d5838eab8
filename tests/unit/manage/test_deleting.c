// account delete and key delete: what they ask the API for, and what the audit trail then says.
#include "core/unit.h"

#include "config/settings.h"
#include "journal/closed_entry.h"
#include "manage/fake_admin.h"

static struct ssa_error answer; // to the deletion
static bool asks, says_yes;
static char question[512];
static size_t keys_there; // more than there may be: they are not listed

bool __wrap_aps_account_look_up(struct oauth_client *client, const char *wanted, struct aps_account *account,
                                struct ssa_error *err);
bool __wrap_aps_account_delete(struct oauth_client *client, const char *id, struct ssa_error *err);
bool __wrap_aps_account_get(struct oauth_client *client, const char *id, struct aps_account *account,
                            struct ssa_error *err);
bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys,
                         struct ssa_error *err);
bool __wrap_aps_key_delete(struct oauth_client *client, const char *account, const char *kid, struct ssa_error *err);

bool __wrap_aps_account_look_up(struct oauth_client *client, const char *wanted, struct aps_account *account,
                                struct ssa_error *err)
{
    (void)client, (void)err;
    assert_string_equal(wanted, "a@x");
    *account = (struct aps_account){.id = "A", .email = "a@x"};
    return true;
}

bool __wrap_aps_account_delete(struct oauth_client *client, const char *id, struct ssa_error *err)
{
    (void)client;
    assert_string_equal(id, "A");
    *err = answer;
    return answer.code == SSA_OK;
}

bool __wrap_aps_key_delete(struct oauth_client *client, const char *account, const char *kid, struct ssa_error *err)
{
    (void)client;
    assert_string_equal(account, "A");
    assert_string_equal(kid, "K");
    *err = answer;
    return answer.code == SSA_OK;
}

bool __wrap_aps_account_get(struct oauth_client *client, const char *id, struct aps_account *account,
                            struct ssa_error *err)
{
    (void)client, (void)err;
    assert_string_equal(id, "A");
    *account = (struct aps_account){.id = "A", .email = "a@x", .status = "ENABLED"};
    return true;
}

bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys, struct ssa_error *err)
{
    (void)client, (void)account;
    *keys = (struct aps_keys){.count = keys_there};
    return keys_there <= APS_KEYS_ALLOWED || error_set(err, SSA_REFUSED, NULL, account, "not now");
}

static bool answer_question(void *context, const char *text)
{
    (void)context;
    assert_true(strlen(text) < sizeof question);
    memcpy(question, text, strlen(text) + 1);
    return says_yes;
}

static int begin(void **state)
{
    asks = says_yes = false;
    keys_there = 0;
    answer = (struct ssa_error){.code = SSA_OK};
    return unit_folder(state);
}

// Of the last entry of the audit trail.
struct last {
    size_t count;
    enum operation operation;
    enum outcome outcome;
};

static bool take(void *context, const char *id, const struct entry *entry, struct ssa_error *err)
{
    struct last *last = context;
    (void)id, (void)err;
    *last = (struct last){.count = last->count + 1, .operation = entry->operation, .outcome = entry->outcome};
    assert_string_equal(entry->account, "A");
    return true;
}

static bool run_it(const char *account, const char *key_id, struct last *last, struct ssa_error *err)
{
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s, .callbacks = {.confirm = answer_question}};
    assert_true(ssa_settings_option(s, "APS_CLIENT_ID", "client", ERROR_IGNORED));
    const bool done =
        key_id != NULL ? ssa_key_delete(&run, account, key_id, err) : ssa_account_delete(&run, account, !asks, err);
    *last = (struct last){0};
    assert_true(journal_each_closed(&run, take, last, ERROR_IGNORED));
    ssa_settings_free(s);
    return done;
}

static void an_id_needs_no_right_to_read(void **state)
{
    (void)state;
    struct last last;
    struct ssa_error err;
    SUCCEEDS(run_it("A", NULL, &last, &err));
    assert_null(strstr(admin_scopes, ":read"));
    SUCCEEDS(run_it("a@x", NULL, &last, &err));
    assert_non_null(strstr(admin_scopes, APS_SCOPE_ACCOUNT_READ));
    SUCCEEDS(run_it("A", "K", &last, &err));
    assert_null(strstr(admin_scopes, ":read"));
    SUCCEEDS(run_it("a@x", "K", &last, &err));
    assert_non_null(strstr(admin_scopes, APS_SCOPE_ACCOUNT_READ));
    assert_int_equal(last.count, 4);
    assert_int_equal(last.operation, OP_KEY_DELETE);
}

static void the_audit_trail_says_what_is_known_of_the_end(void **state)
{
    (void)state;
    struct last last;
    struct ssa_error err;
    SUCCEEDS(run_it("A", "K", &last, &err));
    assert_int_equal(last.outcome, OUTCOME_DONE);
    error_set(&answer, SSA_REFUSED, "HTTP 403", "K", "deleting the key was refused");
    FAILS(run_it("A", "K", &last, &err), SSA_REFUSED, "was refused");
    assert_int_equal(last.outcome, OUTCOME_FAILED);
    // Of a request whose answer never came nobody knows what it did.
    error_set(&answer, SSA_NETWORK, NULL, "host", "no answer");
    FAILS(run_it("A", NULL, &last, &err), SSA_NETWORK, "no answer");
    assert_int_equal(last.operation, OP_ACCOUNT_DELETE);
    assert_int_equal(last.outcome, OUTCOME_UNKNOWN);
}

static void what_is_no_id_is_asked_of_nobody(void **state)
{
    (void)state;
    struct last last;
    struct ssa_error err;
    admin_scopes[0] = '\0';
    FAILS(run_it("A/..", NULL, &last, &err), SSA_USAGE, "not a valid account id");
    FAILS(run_it("A", "K?x", &last, &err), SSA_USAGE, "not a valid key id");
    assert_string_equal(admin_scopes, "");
    assert_int_equal(last.count, 0);
}

static void the_question_shows_what_will_be_deleted(void **state)
{
    (void)state;
    static const char *const said[] = {"A (a@x), which has no keys, at", "A (a@x) and its 1 key at",
                                       "A (a@x) and its 2 keys at", "A (a@x) and its 3 keys at",
                                       "A (a@x) and all its keys at"};
    struct last last;
    struct ssa_error err;
    asks = true;
    for (keys_there = 0; keys_there < sizeof said / sizeof *said; keys_there++) {
        FAILS(run_it(keys_there % 2 == 0 ? "A" : "a@x", NULL, &last, &err), SSA_DECLINED, "did not confirm");
        assert_non_null(strstr(question, said[keys_there]));
        assert_int_equal(last.count, 0);
    }
    says_yes = true;
    SUCCEEDS(run_it("A", NULL, &last, &err));
    assert_int_equal(last.outcome, OUTCOME_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_id_needs_no_right_to_read, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(the_audit_trail_says_what_is_known_of_the_end, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(the_question_shows_what_will_be_deleted, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_is_no_id_is_asked_of_nobody, begin, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
