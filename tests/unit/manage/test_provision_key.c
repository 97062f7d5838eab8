// The way of a key into its PKCS#11 token, with token and journal made up: what is written down before the token is
// given the key, and that the key is wiped then.
#include "core/unit.h"

#include <stdio.h>

#include "core/keys.h"
#include "core/live_secrets.h"
#include "core/steps.h"
#include "hsm/import/import.h"
#include "hsm/key/key_find.h"
#include "hsm/key/prove.h"
#include "manage/provision_key.h"
#include "signer/open_token.h"

static struct provision p;
static struct entry entry;
static struct ssa_error err;
static const struct ssa_run run;

bool __wrap_lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                        char out[static URI_TEXT_MAX], struct ssa_error *e);
bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *e);
bool __wrap_key_check_free(struct token *token, const struct key_name *name, struct ssa_error *e);
bool __wrap_import_key(struct token *token, struct import_plan *plan, const struct rsa_key *numbers,
                       struct secret *holder, const struct key_name *name, struct key *key, struct ssa_error *e);
bool __wrap_import_prove(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *e);
bool __wrap_key_again(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *e);

bool __wrap_lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                        char out[static URI_TEXT_MAX], struct ssa_error *e)
{
    (void)token, (void)given, (void)e;
    (void)snprintf(out, URI_TEXT_MAX, "pkcs11:%s%.*s", parts.object.len > 0 ? "object=" : "", (int)parts.object.len,
                   parts.object.len > 0 ? (const char *)parts.object.data : "");
    return true;
}

bool __wrap_journal_step(struct journal *j, enum step next, struct ssa_error *e)
{
    assert_true(next == STEP_KEY_MADE || next == STEP_IMPORTED);
    // By these, a recovery knows what is on the token.
    assert_true(entry.id_was_free && entry.modulus[0] != '\0' && entry.key_uri[0] != '\0');
    if (!step(next == STEP_KEY_MADE ? "key-made" : "imported", e))
        return false;
    j->entry->step = next;
    return true;
}

bool __wrap_key_check_free(struct token *token, const struct key_name *name, struct ssa_error *e)
{
    (void)token;
    assert_string_equal(name->kid, "K");
    return step("free", e);
}

bool __wrap_import_key(struct token *token, struct import_plan *plan, const struct rsa_key *numbers,
                       struct secret *holder, const struct key_name *name, struct key *key, struct ssa_error *e)
{
    (void)token, (void)plan, (void)name;
    assert_ptr_equal(key, &p.key);
    assert_ptr_equal(holder, &p.pem);
    assert_true(numbers->n.len == 256 && holder->len > 0);
    return step("import", e);
}

bool __wrap_import_prove(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *e)
{
    (void)token, (void)name;
    assert_ptr_equal(key, &p.key);
    assert_int_equal(live_secrets, 0);
    return step("prove", e);
}

bool __wrap_key_again(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *e)
{
    (void)token;
    assert_ptr_equal(key, &p.key);
    assert_string_equal(name->kid, "K");
    return step("again", e);
}

static void forget(void)
{
    steps_begin();
    live_secrets = 0;
    entry = (struct entry){.kid = "K", .email = "a@x", .account = "A"};
    p = (struct provision){.open = {.run = &run}, .journal = {.entry = &entry}};
}

static int begin(void **state)
{
    (void)state;
    forget();
    return 0;
}

static bool put_on_token(void)
{
    char pem[KEYS_PEM_MAX];
    const size_t len = keys_pkcs8(keys_rsa(2048), pem);
    assert_true(secret_new(&p.pem, sizeof pem, &err) && secret_append(&p.pem, span_of(pem, len)));
    const bool done = provision_key(&p, "a test", &err);
    // The key is gone once the token may have it, whatever became of that.
    if (p.journal.entry->step >= STEP_KEY_MADE)
        assert_int_equal(live_secrets, 0);
    secret_free(&p.pem);
    assert_int_equal(live_secrets, 0);
    return done;
}

static void the_journal_has_the_key_before_the_token(void **state)
{
    static const char *const all[] = {"free", "key-made", "import", "prove", "imported", NULL};
    (void)state;
    SUCCEEDS(put_on_token());
    steps_expect(all);
    assert_string_equal(entry.label, "a K");
    assert_string_equal(entry.key_uri, "pkcs11:object=a K");
    assert_string_equal(entry.import, "plain");
    for (size_t i = 0; all[i] != NULL; i++) {
        const char *expected[sizeof all / sizeof all[0]] = {NULL};
        memcpy(expected, all, (i + 1) * sizeof all[0]);
        forget();
        step_that_fails = all[i];
        FAILS(put_on_token(), SSA_NETWORK, "fails");
        steps_expect(expected);
        // A failure to write the step down leaves the one before.
        assert_int_equal(entry.step, i < 2 ? STEP_BEGUN : STEP_KEY_MADE);
    }
}

// Who has no email has the account's id, and a card's slot names its key.
static void the_label_tells_the_account(void **state)
{
    (void)state;
    entry.email[0] = '\0';
    SUCCEEDS(put_on_token());
    assert_string_equal(entry.label, "A K");
    forget();
    p.open.to.slot.id = 0x9a;
    SUCCEEDS(put_on_token());
    assert_string_equal(entry.key_uri, "pkcs11:");
}

static void what_is_no_key_never_gets_to_the_token(void **state)
{
    (void)state;
    unit_secret(&p.pem, 64, span_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
    FAILS(provision_key(&p, "a test", &err), SSA_CONFIG, "");
    HAPPENED(NULL);
    secret_free(&p.pem);
}

static void a_key_is_made_ready_again_by_its_name(void **state)
{
    (void)state;
    SUCCEEDS(provision_key_again(&p, &err));
    HAPPENED("again");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_journal_has_the_key_before_the_token, begin),
        cmocka_unit_test_setup(the_label_tells_the_account, begin),
        cmocka_unit_test_setup(what_is_no_key_never_gets_to_the_token, begin),
        cmocka_unit_test_setup(a_key_is_made_ready_again_by_its_name, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
