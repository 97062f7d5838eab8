// What the agent's signer has of the settings: all but the client secret.
#include "core/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "config/profiles.h"
#include "config/signer_settings.h"

static char copies[12][256]; // the environment is overwritten in place

static struct ssa_settings *read_settings(const char *profile, const char *const *environment, bool overwrite)
{
    struct ssa_error err;
    char *entries[13] = {NULL};
    struct ssa_settings *s = ssa_settings_new();
    assert_non_null(s);
    (void)unit_write("config/ssa-hsm/default.env", profile, 0600);
    for (size_t i = 0; environment[i] != NULL; i++) {
        assert_true(i < 12 && strlen(environment[i]) < sizeof copies[i]);
        entries[i] = strcpy(copies[i], environment[i]);
    }
    SUCCEEDS(ssa_settings_environment(s, entries, overwrite, &err));
    SUCCEEDS(ssa_settings_profile(s, NULL, false, NULL, &err));
    return s;
}

static void gets(const char *profile, const char *const *environment, const char *const *expected)
{
    struct ssa_error err;
    struct signer_environment e;
    struct ssa_settings *s = read_settings(profile, environment, true);
    SUCCEEDS(signer_environment_new(s, &e, &err));
    size_t count = 0;
    for (; e.list[count] != NULL; count++) {
        assert_non_null(expected[count]);
        assert_string_equal(e.list[count], expected[count]);
    }
    assert_null(expected[count]);
    signer_environment_free(&e);
    ssa_settings_free(s);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void it_gets_the_pin_and_not_the_client_secret(void **state)
{
    (void)state;
    gets("X=1\n", LIST("PATH=/bin", "APS_SECRET_ID=secret", "SSA_HSM_PIN_SOURCE=env:A_PIN", "A_PIN=1234", "STRANGE"),
         LIST("PATH=/bin", "SSA_HSM_PIN_SOURCE=env:A_PIN", "A_PIN=1234", "STRANGE"));
    gets("X=1\n", LIST("APS_CLIENT_SECRET=secret", "HOME=/"), LIST("HOME=/"));
    gets("APS_SECRET_ID=env:MINE\n", LIST("MINE=secret", "OTHER=x"), LIST("OTHER=x"));
    gets("SSA_HSM_PIN_SOURCE=env:A_PIN\n", LIST("A_PIN=1234"), LIST("A_PIN=1234"));
    // One that is on a PKCS#11 token is read by the signer.
    gets("X=1\n", LIST("APS_SECRET_ID=pkcs11:object=secret;type=data"),
         LIST("APS_SECRET_ID=pkcs11:object=secret;type=data"));
}

static bool is_anywhere(const char *const *entries)
{
    for (size_t i = 0; entries[i] != NULL; i++)
        if (memmem(copies[i], sizeof copies[i], "hush", 4) != NULL)
            return true;
    return false;
}

static void drops(const char *profile, const char *const *environment)
{
    struct ssa_error err;
    memset(copies, 0, sizeof copies);
    struct ssa_settings *s = read_settings(profile, environment, false);
    SUCCEEDS(settings_drop_client_secret(s, &err));
    assert_null(ssa_settings_value(s, "APS_SECRET_ID"));
    assert_false(is_anywhere(environment));
    // The rest is there.
    assert_string_equal(ssa_settings_value(s, "KEY_ID"), "key");
    ssa_settings_free(s);
}

static void the_client_secret_is_wiped_wherever_it_came_from(void **state)
{
    (void)state;
    drops("KEY_ID=key\n", LIST("APS_SECRET_ID=hush"));
    drops("KEY_ID=key\n", LIST("APS_CLIENT_SECRET=hush", "APS_SECRET_ID=hush"));
    drops("KEY_ID=key\nAPS_SECRET_ID='hush'\n", LIST("PATH=/bin"));
    drops("APS_SECRET_ID=env:MINE\nKEY_ID=key\n", LIST("MINE=hush"));
    drops("KEY_ID=key\n", LIST("MINE=hush", "APS_SECRET_ID=env:MINE"));
}

static void what_else_reads_the_variable_keeps_it(void **state)
{
    (void)state;
    struct ssa_error err;
    struct ssa_settings *s =
        read_settings("APS_SECRET_ID=env:BOTH\nSSA_HSM_PIN_SOURCE=env:BOTH\n", LIST("BOTH=1234"), false);
    SUCCEEDS(settings_drop_client_secret(s, &err));
    assert_string_equal(settings_secret_variable(s, "env:BOTH"), "1234");
    ssa_settings_free(s);
    s = read_settings("APS_SECRET_ID=pkcs11:object=x;type=data\n", LIST("A=b"), false);
    SUCCEEDS(settings_drop_client_secret(s, &err));
    assert_string_equal(ssa_settings_value(s, "APS_SECRET_ID"), "pkcs11:object=x;type=data");
    ssa_settings_free(s);
}

static void a_profile_that_was_replaced_is_noticed(void **state)
{
    (void)state;
    struct ssa_settings *s = read_settings("KEY_ID=key\n", LIST("A=b"), false);
    assert_false(settings_profile_changed(s));
    (void)unit_write("config/ssa-hsm/new.env", "KEY_ID=other\n", 0600);
    assert_int_equal(rename(unit_path("config/ssa-hsm/new.env"), unit_path("config/ssa-hsm/default.env")), 0);
    assert_true(settings_profile_changed(s));
    ssa_settings_free(s);
    s = read_settings("KEY_ID=key\n", LIST("A=b"), false);
    (void)remove(unit_path("config/ssa-hsm/default.env"));
    assert_true(settings_profile_changed(s));
    ssa_settings_free(s);
}

// As a copy does that keeps the times: the file, its length and the time of the last writing stay.
static void a_profile_that_was_written_to_is_noticed_whatever_its_time_says(void **state)
{
    (void)state;
    const char *path = unit_path("config/ssa-hsm/default.env");
    struct stat before, now;
    struct ssa_settings *s = read_settings("KEY_ID=one\n", LIST("A=b"), false);
    assert_int_equal(stat(path, &before), 0);
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    do {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs("KEY_ID=two\n", file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
        assert_int_equal(stat(path, &now), 0);
        // The clock of the file system goes in steps.
    } while (now.st_ctim.tv_sec == before.st_ctim.tv_sec && now.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
    assert_int_equal(now.st_ino, before.st_ino);
    assert_true(settings_profile_changed(s));
    ssa_settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gets_the_pin_and_not_the_client_secret),
        cmocka_unit_test(the_client_secret_is_wiped_wherever_it_came_from),
        cmocka_unit_test(what_else_reads_the_variable_keeps_it),
        cmocka_unit_test(a_profile_that_was_replaced_is_noticed),
        cmocka_unit_test(a_profile_that_was_written_to_is_noticed_whatever_its_time_says),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
