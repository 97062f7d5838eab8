// The parts of all operations that put a key on a PKCS#11 token, with token and journal made up: what is ready
// before a key is made, and what is undone where a step fails.
#include "core/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "core/live_secrets.h"
#include "core/steps.h"
#include "hsm/import/import.h"
#include "hsm/import/rehearse.h"
#include "manage/provision.h"
#include "ownership/profile_files.h"
#include "signer/open_token.h"

static struct ssa_settings *settings;
static struct ssa_run run;
static struct ssa_output output;
static struct ssa_ending ending;
static struct ssa_created created;
static struct ssa_error err;
static struct provision p;
static struct entry entry;
static bool rehearses, throwaway_left;
static struct known known; // what an undoing was told
static enum outcome closed_as;
static char profile[128];

bool __wrap_journal_begin(struct journal *j, const struct ssa_run *of, enum operation operation, struct ssa_error *e);
bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *e);
void __wrap_journal_close(struct journal *j, enum outcome outcome);
bool __wrap_recover_entry(struct recovery *r, struct journal *j, struct ssa_error *e);
bool __wrap_open_token_of_settings(const struct ssa_run *of, struct open_token *at, struct ssa_error *e);
bool __wrap_open_token_login(struct open_token *at, bool writable, struct ssa_error *e);
bool __wrap_open_token_officer(struct open_token *at, const struct ssa_run *of, struct ssa_error *e);
bool __wrap_lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                        char out[static URI_TEXT_MAX], struct ssa_error *e);
const struct token_info *__wrap_token_info(const struct token *token);
bool __wrap_slot_must_be_chosen(const struct token *token);
bool __wrap_import_check_able(const struct token *token, struct ssa_error *e);
struct import_plan __wrap_import_plan_for(const struct token *token, const char *throwaway);
bool __wrap_import_rehearses(const struct token *token, enum ssa_import_way way);
bool __wrap_import_rehearse(struct token *token, enum ssa_import_way way, bool on_token, struct import_plan *plan,
                            struct ssa_error *e);

bool __wrap_journal_begin(struct journal *j, const struct ssa_run *of, enum operation operation, struct ssa_error *e)
{
    (void)of;
    j->entry = &entry;
    entry.operation = operation;
    (void)snprintf(entry.id, sizeof entry.id, "20260101-abc");
    (void)snprintf(j->id, sizeof j->id, "%s", entry.id);
    return step("journal", e);
}

bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *e)
{
    static const char *const names[STEP_COUNT] = {[STEP_BEGUN] = "begun", [STEP_REHEARSING] = "rehearsing"};
    assert_non_null(names[next]);
    // The paths are known before the draft is made, and the throwaway's name before it is.
    if (next == STEP_BEGUN && p.open.to.token == NULL)
        assert_true(entry.draft[0] != '\0' && access(entry.draft, F_OK) != 0);
    if (next == STEP_REHEARSING)
        assert_string_equal(entry.throwaway, "ssa-hsm rehearsal abc");
    if (!step(names[next], e))
        return false;
    j->entry->step = next;
    return true;
}

void __wrap_journal_close(struct journal *j, enum outcome outcome)
{
    assert_ptr_equal(j, &p.journal);
    (void)step("close", ERROR_IGNORED);
    closed_as = outcome;
}

bool __wrap_recover_entry(struct recovery *r, struct journal *j, struct ssa_error *e)
{
    assert_ptr_equal(j, &p.journal);
    assert_ptr_equal(r->open, &p.open);
    assert_ptr_equal(r->ending, &ending);
    known = *r->known;
    return step("recover", e);
}

bool __wrap_open_token_of_settings(const struct ssa_run *of, struct open_token *at, struct ssa_error *e)
{
    (void)of;
    at->token = (void *)&p;
    return step("open", e);
}

bool __wrap_open_token_login(struct open_token *at, bool writable, struct ssa_error *e)
{
    assert_true(at->token != NULL && writable);
    return step("login", e);
}

bool __wrap_open_token_officer(struct open_token *at, const struct ssa_run *of, struct ssa_error *e)
{
    (void)at, (void)of;
    return step("officer", e);
}

bool __wrap_lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                        char out[static URI_TEXT_MAX], struct ssa_error *e)
{
    (void)token, (void)given, (void)parts, (void)e;
    (void)snprintf(out, URI_TEXT_MAX, "pkcs11:token=T");
    return true;
}

const struct token_info *__wrap_token_info(const struct token *token)
{
    static const struct token_info info = {.label = "T", .uri = "pkcs11:token=T"};
    (void)token;
    return &info;
}

bool __wrap_slot_must_be_chosen(const struct token *token)
{
    (void)token;
    return false;
}

bool __wrap_import_check_able(const struct token *token, struct ssa_error *e)
{
    (void)token;
    return step("able", e);
}

struct import_plan __wrap_import_plan_for(const struct token *token, const char *throwaway)
{
    (void)token;
    return (struct import_plan){.throwaway = throwaway};
}

bool __wrap_import_rehearses(const struct token *token, enum ssa_import_way way)
{
    (void)token, (void)way;
    return rehearses;
}

bool __wrap_import_rehearse(struct token *token, enum ssa_import_way way, bool on_token, struct import_plan *plan,
                            struct ssa_error *e)
{
    (void)token, (void)way, (void)on_token;
    plan->throwaway_left = throwaway_left;
    return step("rehearse", e);
}

static void forget(void)
{
    steps_begin();
    entry = (struct entry){0};
    ending = (struct ssa_ending){0};
    known = (struct known){0};
    closed_as = OUTCOME_NONE;
    rehearses = throwaway_left = false;
    output = (struct ssa_output){.file = profile};
    p = (struct provision){.output = &output,
                           .ending = &ending,
                           .open = {.run = &run, .client_id = "client"},
                           .journal = {.entry = &entry, .fd = 0},
                           .target = {.fd = -1}};
}

static int begin(void **state)
{
    const int made = unit_folder(state);
    settings = ssa_settings_new();
    run = (struct ssa_run){.settings = settings};
    (void)snprintf(profile, sizeof profile, "%s", unit_path("new.env"));
    live_secrets = 0;
    forget();
    return made;
}

static int end(void **state)
{
    ssa_settings_free(settings);
    return unit_folder_gone(state);
}

static const struct provisioning new_key = {.operation = OP_KEY_CREATE, .with_secret = true};

// Prepares, and lets go of what that has made.
static bool prepare(void)
{
    const bool done = provision_prepare(&p, &new_key, &err);
    secret_free(&p.pem);
    secret_free(&p.rest);
    assert_int_equal(live_secrets, 0);
    profile_abandon(&p.target);
    return done;
}

static void all_is_ready_before_a_key_is_made(void **state)
{
    (void)state;
    SUCCEEDS(prepare());
    HAPPENED("journal", "begun", "open", "able", "login", "officer", "rehearse");
    assert_string_equal(entry.profile, profile);
    assert_string_equal(entry.token, "pkcs11:token=T");
    assert_int_not_equal(access(entry.draft, F_OK), 0);
    // A place for the profile is found before a PIN is asked for.
    forget();
    (void)unit_write("new.env", "KEY_ID=K\n", 0600);
    FAILS(prepare(), SSA_IN_USE, "exists");
    HAPPENED("journal");
}

// The journal says so as long as something of it may be on the token.
static void a_rehearsal_is_written_down_before_and_after(void **state)
{
    (void)state;
    rehearses = true;
    SUCCEEDS(prepare());
    HAPPENED("journal", "begun", "open", "able", "login", "officer", "rehearsing", "rehearse", "begun");
    forget();
    rehearses = true;
    step_that_fails = "rehearse";
    FAILS(prepare(), SSA_NETWORK, "rehearse fails");
    HAPPENED("journal", "begun", "open", "able", "login", "officer", "rehearsing", "rehearse", "begun");
    assert_int_equal(entry.step, STEP_BEGUN);
    forget();
    rehearses = throwaway_left = true;
    step_that_fails = "rehearse";
    FAILS(prepare(), SSA_NETWORK, "rehearse fails");
    assert_int_equal(entry.step, STEP_REHEARSING);
    forget();
    rehearses = true;
    step_that_fails = "rehearsing";
    FAILS(prepare(), SSA_NETWORK, "rehearsing fails");
    HAPPENED("journal", "begun", "open", "able", "login", "officer", "rehearsing");
}

static void a_token_that_cannot_take_the_key_is_not_used(void **state)
{
    (void)state;
    step_that_fails = "able";
    FAILS(prepare(), SSA_NETWORK, "able fails");
    HAPPENED("journal", "begun", "open", "able");
    forget();
    output.slot = "9a";
    FAILS(prepare(), SSA_USAGE, "has no slots");
    HAPPENED("journal", "begun", "open", "able", "login");
}

static void undo(enum step reached, enum oauth_outcome asked, enum ssa_class why)
{
    struct ssa_error failed = {0};
    p.asked = asked;
    entry.operation = OP_KEY_CREATE;
    entry.step = reached;
    assert_false(error_set(&failed, why, NULL, NULL, "the reason"));
    assert_false(provision_undo(&p, &failed));
}

static void only_what_was_made_is_undone(void **state)
{
    (void)state;
    undo(STEP_BEGUN, OAUTH_NOT_DONE, SSA_NETWORK);
    HAPPENED(NULL);
    // The API was asked, and has done nothing.
    forget();
    undo(STEP_KEY_ASKED, OAUTH_NOT_DONE, SSA_NETWORK);
    HAPPENED("close");
    assert_int_equal(closed_as, OUTCOME_FAILED);
    assert_string_equal(entry.note, "the reason");
    forget();
    undo(STEP_KEY_ASKED, OAUTH_MAYBE_DONE, SSA_NETWORK);
    HAPPENED("recover");
    assert_int_equal(known.asked, OAUTH_MAYBE_DONE);
    assert_false(known.refused);
    assert_ptr_equal(known.key, &p.key);
    // A refusal says that nothing was changed, but not where an earlier request was carried out.
    forget();
    undo(STEP_KEY_ASKED, OAUTH_MAYBE_DONE, SSA_REFUSED);
    assert_true(known.refused);
    forget();
    undo(STEP_KEY_MADE, OAUTH_DONE, SSA_REFUSED);
    HAPPENED("recover");
    assert_false(known.refused);
    assert_int_equal(ending.count, 0);
}

static void what_cannot_be_undone_is_said_to_be_left(void **state)
{
    (void)state;
    step_that_fails = "recover";
    undo(STEP_KEY_MADE, OAUTH_DONE, SSA_TOKEN);
    HAPPENED("recover");
    assert_int_equal(ending.how, SSA_END_LEFT);
    assert_int_equal(ending.count, 2);
    assert_string_equal(ending.lines[0].text, "what it had made is left: recover fails");
    assert_int_equal(ending.lines[1].reason, SSA_REASON_OPERATION_OPEN);
}

static const struct profile_block block = {
    .client_id = "client", .account_id = "A", .key_id = "K", .email = "a@x", .private_key = "pkcs11:object=K"};

static bool write_profile(enum operation operation, const char *changed_to)
{
    entry.operation = operation;
    entry.step = STEP_IMPORTED;
    entry.kid[0] = 'K';
    p.asked = OAUTH_DONE;
    output.replace = true;
    assert_true(profile_choose(&p.target, &run, &output, "draft", &err) && profile_reserve(&p.target, &err));
    assert_true(profile_mark(p.target.path, entry.profile_before, &err));
    if (changed_to != NULL)
        (void)unit_write("new.env", changed_to, 0600);
    const bool done = provision_profile(&p, &block, &created, &err);
    ssa_created_free(&created);
    return done;
}

static void the_profile_ends_the_entry_but_for_a_rotation(void **state)
{
    (void)state;
    SUCCEEDS(write_profile(OP_KEY_CREATE, NULL));
    HAPPENED("close");
    assert_int_equal(closed_as, OUTCOME_DONE);
    assert_true(p.in_place);
    assert_int_equal(access(profile, F_OK), 0);
    forget();
    SUCCEEDS(write_profile(OP_KEY_ROTATE, NULL));
    HAPPENED(NULL);
    assert_true(p.in_place);
}

static void a_profile_that_was_changed_is_kept_and_the_key_undone(void **state)
{
    struct stat about;
    (void)state;
    (void)unit_write("new.env", "KEY_ID=OLD\n", 0600);
    FAILS(write_profile(OP_KEY_CREATE, "KEY_ID=NEWER\n"), SSA_CONFIG, "changed meanwhile");
    HAPPENED("recover");
    assert_false(p.in_place);
    // The draft is gone.
    assert_int_equal(stat(profile, &about), 0);
    assert_int_equal(about.st_size, strlen("KEY_ID=NEWER\n"));
    assert_string_equal(p.target.draft, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_is_ready_before_a_key_is_made, begin, end),
        cmocka_unit_test_setup_teardown(a_rehearsal_is_written_down_before_and_after, begin, end),
        cmocka_unit_test_setup_teardown(a_token_that_cannot_take_the_key_is_not_used, begin, end),
        cmocka_unit_test_setup_teardown(only_what_was_made_is_undone, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_undone_is_said_to_be_left, begin, end),
        cmocka_unit_test_setup_teardown(the_profile_ends_the_entry_but_for_a_rotation, begin, end),
        cmocka_unit_test_setup_teardown(a_profile_that_was_changed_is_kept_and_the_key_undone, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
