// Where the client id and the client secret come from, and what a profile says of them.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "signer/client_secret.h"

static struct ssa_settings *settings;
static const char *typed; // by the person; NULL: nobody is there
static unsigned asked;

static bool ask(void *context, const char *prompt, char *answer, size_t capacity, size_t *len, struct ssa_error *err)
{
    (void)context, (void)capacity;
    assert_non_null(strstr(prompt, "my-client"));
    asked++;
    if (typed[0] == '!')
        return error_set(err, SSA_PIN, NULL, NULL, "nothing was typed; nothing was done");
    *len = strlen(typed);
    memcpy(answer, typed, *len);
    return true;
}

static int begin(void **state)
{
    settings = ssa_settings_new();
    typed = NULL;
    asked = 0;
    return unit_folder(state);
}

static int end(void **state)
{
    ssa_settings_free(settings);
    return unit_folder_gone(state);
}

static void set(const char *name, const char *value)
{
    assert_true(ssa_settings_option(settings, name, value, ERROR_IGNORED));
}

static bool begin_with(struct client_secret *secret, struct ssa_error *err)
{
    const struct ssa_run run = {.settings = settings, .callbacks = {.ask_secret = typed != NULL ? ask : NULL}};
    return client_secret_begin(&run, secret, err);
}

static void a_client_id_cannot_end_its_half_of_the_credentials(void **state)
{
    static const char *const bad[] = {"a:b", "a b", "a\"b", "a'b", "a\nb", "caf\xc3\xa9"};
    const struct ssa_run run = {.settings = settings};
    const char *id = NULL;
    struct ssa_error err;
    (void)state;
    FAILS(client_id_read(&run, &id, &err), SSA_CONFIG, "not set");
    assert_int_equal(err.reason, SSA_REASON_NO_CLIENT_ID);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set("APS_CLIENT_ID", bad[i]);
        FAILS(client_id_read(&run, &id, &err), SSA_CONFIG, "character");
        assert_string_equal(err.subject, "APS_CLIENT_ID");
    }
    set("APS_CLIENT_ID", "my-client");
    SUCCEEDS(client_id_read(&run, &id, &err));
    assert_string_equal(id, "my-client");
}

static void a_person_is_asked_only_where_nothing_is_set(void **state)
{
    CLIENT_SECRET_AUTO secret = {0}, again = {0}, none = {0}, given = {0};
    struct ssa_error err;
    (void)state;
    set("APS_CLIENT_ID", "my-client");
    FAILS(begin_with(&none, &err), SSA_CONFIG, "nobody to ask");
    assert_int_equal(err.reason, SSA_REASON_NO_CLIENT_SECRET);
    typed = "!";
    FAILS(begin_with(&again, &err), SSA_CONFIG, "nothing was typed");
    typed = "typed-secret";
    SUCCEEDS(begin_with(&secret, &err));
    assert_string_equal(secret_text(&secret.text), "typed-secret");
    assert_int_equal(asked, 2);
    set("APS_SECRET_ID", "set-secret");
    SUCCEEDS(begin_with(&given, &err));
    assert_string_equal(secret_text(&given.text), "set-secret");
    assert_int_equal(asked, 2);
}

static void a_reference_is_read_and_a_token_is_not(void **state)
{
    CLIENT_SECRET_AUTO by_file = {0}, on_token = {0}, of_a_key = {0};
    char reference[256];
    struct ssa_error err;
    (void)state;
    set("APS_CLIENT_ID", "my-client");
    assert_true(snprintf(reference, sizeof reference, "file:%s", unit_write("secret", "from-a-file\n", 0600)) > 0);
    set("APS_SECRET_ID", reference);
    SUCCEEDS(begin_with(&by_file, &err));
    assert_string_equal(secret_text(&by_file.text), "from-a-file");
    assert_int_equal(client_secret_place(&by_file, NULL), SECRET_AT_HAND);
    assert_false(client_secret_is_on_token(settings));
    set("APS_SECRET_ID", "pkcs11:token=t;object=secret;type=data");
    SUCCEEDS(begin_with(&on_token, &err));
    assert_int_equal(client_secret_place(&on_token, NULL), SECRET_ON_OTHER_TOKEN);
    assert_true(client_secret_is_on_token(settings));
    set("APS_SECRET_ID", "pkcs11:token=t;object=key;type=private");
    FAILS(begin_with(&of_a_key, &err), SSA_CONFIG, "");
}

static void a_profile_gets_the_reference_and_not_what_it_gives(void **state)
{
    CLIENT_SECRET_AUTO secret = {0};
    const struct ssa_run run = {.settings = settings};
    struct ssa_error err;
    bool literal = true;
    (void)state;
    set("APS_CLIENT_ID", "my-client");
    typed = "typed-secret";
    SUCCEEDS(begin_with(&secret, &err));
    // What a person typed is in no setting: the profile has it as it is.
    assert_string_equal(client_secret_in_profile(&run, &secret, &literal), "typed-secret");
    assert_true(literal);
    set("APS_SECRET_ID", "env:MY_SECRET");
    assert_string_equal(client_secret_in_profile(&run, &secret, &literal), "env:MY_SECRET");
    assert_false(literal);
    set("APS_SECRET_ID", "set-secret");
    assert_string_equal(client_secret_in_profile(&run, &secret, &literal), "set-secret");
    assert_true(literal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_id_cannot_end_its_half_of_the_credentials, begin, end),
        cmocka_unit_test_setup_teardown(a_person_is_asked_only_where_nothing_is_set, begin, end),
        cmocka_unit_test_setup_teardown(a_reference_is_read_and_a_token_is_not, begin, end),
        cmocka_unit_test_setup_teardown(a_profile_gets_the_reference_and_not_what_it_gives, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
