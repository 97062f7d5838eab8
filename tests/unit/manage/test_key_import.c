// key import, step by step, with provisioning made up: what happens before the PKCS#11 token is used, what is undone
// where a step fails, when the key's file is destroyed, and that no buffer with the key is left.
#include "core/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "config/settings.h"
#include "core/keys.h"
#include "core/live_secrets.h"
#include "core/rsa_key.h"
#include "core/steps.h"
#include "manage/fake_provision.h"

static bool in_place; // whether the profile is in place when provision_profile fails
static bool linked;   // the file gets the profile's name when the PKCS#11 token was prepared
static char pem[KEYS_PEM_MAX];
static char path[128]; // of the file with the key

bool __wrap_provision_prepare(struct provision *of, const struct provisioning *what, struct ssa_error *err);
bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *err);
bool __wrap_key_recover_all(struct recovery *r, struct ssa_error *err);
bool __wrap_proof_prepare(struct provision *of, struct ssa_error *err);
bool __wrap_proof_know_secret(struct provision *of, struct ssa_error *err);
bool __wrap_proof_fetch(struct provision *of, struct ssa_error *err);
bool __wrap_journal_claim(struct journal *j, struct ssa_error *err);
bool __wrap_provision_key(struct provision *of, const char *source, struct ssa_error *err);
bool __wrap_provision_profile(struct provision *of, const struct profile_block *block, struct ssa_created *created,
                              struct ssa_error *err);

bool __wrap_provision_prepare(struct provision *of, const struct provisioning *what, struct ssa_error *err)
{
    assert_int_equal(what->operation, OP_KEY_IMPORT);
    assert_string_equal(what->client_id, "client");
    assert_true(secret_new(&of->pem, PEM_MAX, err) && secret_new(&of->rest, PROFILE_MAX, err));
    assert_true(profile_choose(&of->target, of->open.run, of->output, "draft", err));
    if (linked)
        assert_int_equal(link(path, of->output->file), 0);
    return step("prepare", err);
}

// Whose key it is must be in the entry by now.
bool __wrap_journal_claim(struct journal *j, struct ssa_error *err)
{
    assert_string_equal(j->entry->client_id, "client");
    assert_string_equal(j->entry->account, "A");
    assert_string_equal(j->entry->kid, "K");
    assert_string_equal(j->entry->email, "a@x");
    return step("claim", err);
}

bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *err)
{
    j->entry->step = next;
    return step("note", err);
}

// Only this key's earlier imports are of interest.
bool __wrap_key_recover_all(struct recovery *r, struct ssa_error *err)
{
    (void)err;
    assert_string_equal(r->account, "A");
    assert_string_equal(r->imported, "K");
    return true;
}

bool __wrap_proof_prepare(struct provision *of, struct ssa_error *err)
{
    assert_string_equal(settings_get(of->open.run->settings, SET_CLIENT_ID, NULL), "client");
    return step("ask secret", err);
}

bool __wrap_proof_know_secret(struct provision *of, struct ssa_error *err)
{
    (void)of;
    return step("read secret", err);
}

// Nothing of the file is destroyed by then, and nothing else has the key.
bool __wrap_proof_fetch(struct provision *of, struct ssa_error *err)
{
    assert_null(of->pem.data);
    assert_int_equal(access(path, F_OK), 0);
    return step("fetch", err);
}

// It has the whole key, and wipes it.
bool __wrap_provision_key(struct provision *of, const char *source, struct ssa_error *err)
{
    assert_string_equal(source, path);
    assert_memory_equal(secret_text(&of->pem), pem, strlen(pem) - 1);
    secret_free(&of->pem);
    memcpy(of->journal.entry->key_uri, "pkcs11:object=k", sizeof "pkcs11:object=k");
    of->journal.entry->step = STEP_IMPORTED;
    // Nothing but the provisioning's own buffers, and the text of the file, has anything of it.
    assert_int_equal(live_secrets, 2);
    return step("import", err);
}

// Where it fails before the profile is in place, it undoes itself.
bool __wrap_provision_profile(struct provision *of, const struct profile_block *block, struct ssa_created *created,
                              struct ssa_error *err)
{
    (void)created;
    assert_string_equal(block->private_key, "pkcs11:object=k");
    assert_string_equal(block->key_id, "K");
    assert_int_equal(access(path, F_OK), 0);
    const bool done = step("profile", err);
    of->in_place = done || in_place;
    return done;
}

static void forget(void)
{
    provision_begin();
    in_place = false;
    linked = false;
    live_secrets = 0;
    steps_begin();
    (void)snprintf(path, sizeof path, "%s", unit_write("key.pem", pem, 0600));
}

static int begin(void **state)
{
    const int made = unit_folder(state);
    (void)keys_pkcs8(keys_rsa(2048), pem);
    forget();
    return made;
}

static struct ssa_created created;

static bool import_from(const char *file, const char *output_file, bool shred, struct ssa_error *err)
{
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s};
    char profile[128];
    (void)snprintf(profile, sizeof profile, "%s", output_file != NULL ? output_file : unit_path("new.env"));
    const struct ssa_import what = {.file = file, .key_id = "K", .account = "A", .email = "a@x", .shred = shred};
    const struct ssa_output output = {.file = profile, .replace = output_file != NULL};
    assert_true(ssa_settings_option(s, "APS_CLIENT_ID", "client", ERROR_IGNORED));
    const bool done = ssa_key_import(&run, &what, &output, &created, NULL, err);
    ssa_settings_free(s);
    // Whatever happened, no buffer is left.
    assert_int_equal(live_secrets, 0);
    assert_int_equal(provisions_freed, 1);
    return done;
}

static void the_key_goes_from_the_file_to_the_token(void **state)
{
    struct ssa_error err;
    (void)state;
    SUCCEEDS(import_from(path, NULL, false, &err));
    HAPPENED("prepare", "claim", "import", "profile");
    assert_int_equal(created.file, SSA_FILE_LEFT);
    assert_int_equal(created.file_error.code, SSA_OK);
    assert_int_equal(access(path, F_OK), 0);
    assert_false(entry.replaces_block);
}

static void a_file_to_be_destroyed_goes_once_its_key_is_proved(void **state)
{
    struct ssa_error err;
    (void)state;
    SUCCEEDS(import_from(path, NULL, true, &err));
    HAPPENED("ask secret", "prepare", "claim", "read secret", "import", "profile", "fetch");
    assert_true(created.proved);
    assert_int_equal(created.file, SSA_FILE_DESTROYED);
    assert_int_not_equal(access(path, F_OK), 0);
}

// The key is in the file, and only there, until all is done.
static void a_step_that_fails_leaves_the_file(void **state)
{
    static const char *const all[] = {"ask secret", "prepare", "claim", "read secret", "import", "profile", "fetch"};
    struct ssa_error err;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *expected[sizeof all / sizeof all[0] + 2] = {NULL};
        char mention[32];
        forget();
        step_that_fails = all[i];
        memcpy(expected, all, (i + 1) * sizeof all[0]);
        expected[i + 1] = strcmp(all[i], "import") == 0 ? "undo" : NULL;
        (void)snprintf(mention, sizeof mention, "%s fails", all[i]);
        FAILS(import_from(path, NULL, true, &err), SSA_NETWORK, mention);
        steps_expect(expected);
        assert_int_equal(access(path, F_OK), 0);
    }
}

static void after_the_profile_is_in_place_nothing_is_undone(void **state)
{
    struct ssa_error err;
    (void)state;
    step_that_fails = "profile";
    in_place = true;
    FAILS(import_from(path, NULL, true, &err), SSA_NETWORK, "profile fails");
    HAPPENED("ask secret", "prepare", "claim", "read secret", "import", "profile");
    // The profile may be lost in a power failure, so the file stays.
    assert_int_equal(access(path, F_OK), 0);
}

static void what_cannot_be_a_key_is_found_before_a_pin_is_asked_for(void **state)
{
    struct ssa_error err;
    char whole[2 * KEYS_PEM_MAX];
    (void)state;
    (void)unit_write("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0600);
    FAILS(import_from(path, NULL, false, &err), SSA_CONFIG, "does not contain");
    HAPPENED(NULL);
    // Two keys, of which nobody knows which one is meant.
    forget();
    (void)snprintf(whole, sizeof whole, "%s%s", pem, pem);
    (void)unit_write("key.pem", whole, 0600);
    FAILS(import_from(path, NULL, false, &err), SSA_CONFIG, "holds 2 private keys");
    HAPPENED(NULL);
    // Text beside the key would be destroyed with it.
    forget();
    (void)snprintf(whole, sizeof whole, "a note\n%s", pem);
    (void)unit_write("key.pem", whole, 0600);
    FAILS(import_from(path, NULL, true, &err), SSA_CONFIG, "would be lost with the key");
    assert_int_equal(err.reason, SSA_REASON_IMPORT_LOSES);
    HAPPENED(NULL);
}

// A person may need a while to type the PIN, and the file is looked at again after it.
static void a_file_that_the_profile_would_replace_by_now_is_left(void **state)
{
    struct ssa_error err;
    char whole[2 * KEYS_PEM_MAX];
    (void)state;
    (void)snprintf(whole, sizeof whole, "a note\n%s", pem);
    (void)unit_write("key.pem", whole, 0600);
    linked = true;
    FAILS(import_from(path, NULL, false, &err), SSA_CONFIG, "would be lost with the key");
    HAPPENED("prepare", "claim");
    assert_int_equal(access(path, F_OK), 0);
}

// An old block with its key on one line, and another program's line.
static void write_block(const char *comment)
{
    char block[2 * KEYS_PEM_MAX], line[KEYS_PEM_MAX];
    size_t used = 0;
    for (const char *c = pem; *c != '\0'; c++) {
        line[used++] = *c == '\n' ? '\\' : *c;
        if (*c == '\n')
            line[used++] = 'n';
    }
    line[used] = '\0';
    (void)snprintf(block, sizeof block, "SSA_KEY_ID=K %s\nPRIVATE_KEY='%s'\nOTHER=value\n", comment, line);
    (void)unit_write("key.pem", block, 0600);
}

static void a_profile_that_replaces_the_block_keeps_only_the_lines_of_others(void **state)
{
    struct ssa_error err;
    (void)state;
    write_block("");
    SUCCEEDS(import_from(path, path, false, &err));
    HAPPENED("ask secret", "prepare", "claim", "read secret", "import", "fetch", "note", "profile");
    assert_true(entry.replaces_block && entry.replaces_profile);
    assert_int_equal(created.file, SSA_FILE_REPLACED);
}

// Until then a recovery would write the profile beside the block.
static void a_block_is_not_replaced_before_its_key_is_proved(void **state)
{
    struct ssa_error err;
    (void)state;
    write_block("");
    step_that_fails = "fetch";
    FAILS(import_from(path, path, false, &err), SSA_NETWORK, "fetch fails");
    HAPPENED("ask secret", "prepare", "claim", "read secret", "import", "fetch", "undo");
    assert_true(entry.replaces_block);
    assert_false(entry.replaces_profile);
    assert_int_equal(access(path, F_OK), 0);
}

static void a_comment_that_would_be_lost_ends_it_at_first(void **state)
{
    struct ssa_error err;
    (void)state;
    write_block("# old: value");
    FAILS(import_from(path, path, false, &err), SSA_CONFIG, "would be lost with its line");
    HAPPENED(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_key_goes_from_the_file_to_the_token, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_file_to_be_destroyed_goes_once_its_key_is_proved, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_step_that_fails_leaves_the_file, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(after_the_profile_is_in_place_nothing_is_undone, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_cannot_be_a_key_is_found_before_a_pin_is_asked_for, begin,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_file_that_the_profile_would_replace_by_now_is_left, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_profile_that_replaces_the_block_keeps_only_the_lines_of_others, begin,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_block_is_not_replaced_before_its_key_is_proved, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_comment_that_would_be_lost_ends_it_at_first, begin, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
