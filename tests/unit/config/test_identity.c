// The four names that belong together: a sourced block never mixes with a profile.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "config/identity.h"
#include "core/text.h"

#define URI      "pkcs11:token=t;object=o"
#define BLOCK(n) "SERVICE_ACCOUNT_ID=a" n "\nKEY_ID=k" n "\nSSA_EMAIL=e" n "\nPRIVATE_KEY='" URI n "'\n"

static struct ssa_settings *settings(const char *profile, bool named, const char *const *environment)
{
    static char copies[8][200];
    char *entries[9] = {NULL};
    struct ssa_error err;
    struct ssa_settings *s = ssa_settings_new();
    if (profile == NULL)
        (void)remove(unit_path("config/ssa-hsm/default.env"));
    else
        (void)unit_write("config/ssa-hsm/default.env", profile, 0600);
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        assert_true(text_format(copies[i], sizeof copies[i], "%s", environment[i]));
        entries[i] = copies[i];
    }
    SUCCEEDS(ssa_settings_environment(s, entries, true, &err));
    SUCCEEDS(ssa_settings_profile(s, named ? "default" : NULL, false, &(struct ssa_callbacks){0}, &err));
    return s;
}

static const char *const whole[] = {"SERVICE_ACCOUNT_ID=a-env", "KEY_ID=k-env", "SSA_EMAIL=e-env", "PRIVATE_KEY=" URI,
                                    NULL};
static const char *const no_key_id[] = {"SERVICE_ACCOUNT_ID=a-env", "SSA_EMAIL=e-env", "PRIVATE_KEY=" URI, NULL};
static const char *const account_alone[] = {"SERVICE_ACCOUNT_ID=a-env", NULL};
static const char *const email_alone[] = {"SSA_EMAIL=e-env", NULL};

static void comes_from(const char *profile, bool named, const char *const *environment, const char *key_id,
                       enum setting_source source)
{
    struct ssa_error err;
    struct identity identity;
    struct ssa_settings *s = settings(profile, named, environment);
    SUCCEEDS(identity_read(s, true, &identity, &err));
    assert_string_equal(identity.key_id, key_id);
    assert_int_equal(identity.source, source);
    assert_int_equal(settings_profile_first(s), named);
    ssa_settings_free(s);
}

static void fails_with(const char *profile, bool named, const char *const *environment, bool with_key,
                       const char *mention)
{
    struct ssa_error err;
    struct identity identity;
    struct ssa_settings *s = settings(profile, named, environment);
    FAILS(identity_read(s, with_key, &identity, &err), SSA_CONFIG, mention);
    ssa_settings_free(s);
}

static void fails_for(const char *profile, enum ssa_reason reason, const char *mention)
{
    struct ssa_error err;
    struct identity identity;
    struct ssa_settings *s = settings(profile, false, NULL);
    FAILS(identity_read(s, true, &identity, &err), SSA_CONFIG, mention);
    assert_int_equal(err.reason, reason);
    ssa_settings_free(s);
}

static void all_four_come_from_the_first_source_that_has_any(void **state)
{
    (void)state;
    comes_from(BLOCK("1"), false, NULL, "k1", FROM_PROFILE);
    comes_from(NULL, false, whole, "k-env", FROM_ENVIRONMENT);
    comes_from(BLOCK("1"), false, whole, "k-env", FROM_ENVIRONMENT);
    comes_from(BLOCK("1"), true, whole, "k1", FROM_PROFILE);
    comes_from(BLOCK("1"), true, no_key_id, "k1", FROM_PROFILE);
    comes_from("APS_CLIENT_ID=x\n", true, whole, "k-env", FROM_ENVIRONMENT);
}

static void some_but_not_all_is_an_error_that_names_the_missing(void **state)
{
    (void)state;
    fails_with(BLOCK("1"), false, no_key_id, true, "the environment: lacks KEY_ID");
    fails_with(BLOCK("1"), false, account_alone, true, "lacks KEY_ID, SSA_EMAIL, PRIVATE_KEY");
    fails_with(BLOCK("1"), false, email_alone, true, "lacks SERVICE_ACCOUNT_ID, KEY_ID, PRIVATE_KEY");
    fails_with("KEY_ID=k\n", true, whole, true, "default.env: lacks SERVICE_ACCOUNT_ID, SSA_EMAIL, PRIVATE_KEY");
    fails_for("KEY_ID=k\n", SSA_REASON_PART_OF_BLOCK, "lacks SERVICE_ACCOUNT_ID");
    fails_with(BLOCK("1"), false, email_alone, false, "lacks SERVICE_ACCOUNT_ID");
}

static void nothing_at_all_points_to_account_create(void **state)
{
    (void)state;
    fails_for(NULL, SSA_REASON_ACCOUNT_NOT_SET, "no account is set up");
    fails_for("APS_CLIENT_ID=x\nSERVICE_ACCOUNT_ID=\n", SSA_REASON_ACCOUNT_NOT_SET, "no account is set up");
}

static void a_profile_without_a_key_points_to_key_create(void **state)
{
    (void)state;
    fails_for("SERVICE_ACCOUNT_ID=a\nSSA_EMAIL=e\n", SSA_REASON_ACCOUNT_WITHOUT_KEY, "no key yet");
    struct ssa_error err;
    struct identity identity;
    struct ssa_settings *s = settings("SERVICE_ACCOUNT_ID=a\nSSA_EMAIL=e\n", false, NULL);
    SUCCEEDS(identity_read(s, false, &identity, &err));
    assert_string_equal(identity.account_id, "a");
    assert_string_equal(identity.email, "e");
    assert_null(identity.key_id);
    ssa_settings_free(s);
}

static void an_imported_key_may_have_no_email(void **state)
{
    (void)state;
    comes_from("SERVICE_ACCOUNT_ID=a\nKEY_ID=k\nSSA_EMAIL=\"\"\nPRIVATE_KEY=" URI "\n", false, NULL, "k", FROM_PROFILE);
    fails_with("SERVICE_ACCOUNT_ID=a\nKEY_ID=k\nPRIVATE_KEY=" URI "\n", false, NULL, true, "lacks SSA_EMAIL");
}

static void a_key_as_text_is_refused_and_never_shown(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "SERVICE_ACCOUNT_ID=a\nKEY_ID=k\nSSA_EMAIL=e\nPRIVATE_KEY=\"-----BEGIN RSA PRIVATE "
        "KEY-----\nhunter2\n\"\n",
        "SERVICE_ACCOUNT_ID=a\nKEY_ID=k\nSSA_EMAIL=e\nPRIVATE_KEY=\"-----BEGIN PRIVATE "
        "KEY-----\\nhunter2\\n\"\n",
        "SERVICE_ACCOUNT_ID=a\nKEY_ID=k\nSSA_EMAIL=e\nPRIVATE_KEY=hunter2\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ssa_error err;
        struct identity identity;
        char text[4096];
        struct ssa_settings *s = settings(texts[i], false, NULL);
        FAILS(identity_read(s, true, &identity, &err), SSA_CONFIG, i < 2 ? "PEM" : "not a PKCS#11 URI");
        assert_int_equal(err.reason, i < 2 ? SSA_REASON_KEY_AS_TEXT : SSA_REASON_NO_KEY_URI);
        ssa_error_text(&err, text, sizeof text);
        assert_null(strstr(text, "hunter2"));
        // The account is as good as any.
        SUCCEEDS(identity_read(s, false, &identity, &err));
        ssa_settings_free(s);
    }
}

static void a_block_that_hides_another_key_is_noticed(void **state)
{
    (void)state;
    struct ssa_settings *s = settings(BLOCK("1"), false, whole);
    assert_string_equal(identity_shadowed_key_id(s), "k1");
    ssa_settings_free(s);
    s = settings(BLOCK("1"), true, whole);
    assert_null(identity_shadowed_key_id(s));
    ssa_settings_free(s);
    s = settings(BLOCK("-env"), false, whole);
    assert_null(identity_shadowed_key_id(s));
    ssa_settings_free(s);
    s = settings(NULL, false, whole);
    assert_null(identity_shadowed_key_id(s));
    ssa_settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_four_come_from_the_first_source_that_has_any),
        cmocka_unit_test(some_but_not_all_is_an_error_that_names_the_missing),
        cmocka_unit_test(nothing_at_all_points_to_account_create),
        cmocka_unit_test(a_profile_without_a_key_points_to_key_create),
        cmocka_unit_test(an_imported_key_may_have_no_email),
        cmocka_unit_test(a_key_as_text_is_refused_and_never_shown),
        cmocka_unit_test(a_block_that_hides_another_key_is_noticed),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
