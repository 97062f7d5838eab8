// Settings: which source wins, and the four names that come from one source or not at all.
#include "core/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/profiles.h"

// What a test sets up; NULL for none.
struct sources {
    const char *profile_text; // of the profile "default"
    const char *named;        // the option's profile
    const char *option_name, *option_value;
    const char *environment[12];
};

static struct unit_heard heard;
static const struct ssa_callbacks callbacks = {.context = &heard, .tell = unit_tell};

static char copies[12][600]; // the environment is overwritten in place

static struct ssa_settings *set_up(const struct sources *from, struct ssa_error *err)
{
    char *environment[13] = {NULL};
    struct ssa_settings *s = ssa_settings_new();
    assert_non_null(s);
    if (from->profile_text != NULL)
        (void)unit_write("config/ssa-hsm/default.env", from->profile_text, 0600);
    else
        (void)remove(unit_path("config/ssa-hsm/default.env"));
    for (size_t i = 0; i < 12 && from->environment[i] != NULL; i++) {
        assert_true(strlen(from->environment[i]) < sizeof copies[i]);
        environment[i] = strcpy(copies[i], from->environment[i]);
    }
    const bool ok = (from->option_name == NULL || ssa_settings_option(s, from->option_name, from->option_value, err)) &&
                    ssa_settings_environment(s, environment, true, err) &&
                    ssa_settings_profile(s, from->named, false, &callbacks, err);
    if (ok)
        return s;
    ssa_settings_free(s);
    return NULL;
}

static void value_is(const struct sources *from, const char *name, const char *expected)
{
    struct ssa_error err;
    struct ssa_settings *s = set_up(from, &err);
    SUCCEEDS(s != NULL);
    const char *value = ssa_settings_value(s, name);
    if (expected == NULL) {
        assert_null(value);
    } else {
        assert_non_null(value);
        assert_string_equal(value, expected);
    }
    ssa_settings_free(s);
}

#define PROFILE "SSA_HSM_MODULE=from-profile\n"

static void option_then_environment_then_profile(void **state)
{
    (void)state;
    struct sources from = {.profile_text = PROFILE,
                           .option_name = "SSA_HSM_MODULE",
                           .option_value = "from-option",
                           .environment = {"SSA_HSM_MODULE=from-environment"}};
    value_is(&from, "SSA_HSM_MODULE", "from-option");
    from.option_name = NULL;
    value_is(&from, "SSA_HSM_MODULE", "from-environment");
    from.environment[0] = "SSA_HSM_MODULE=";
    value_is(&from, "SSA_HSM_MODULE", "from-profile");
    from.environment[0] = NULL;
    value_is(&from, "SSA_HSM_MODULE", "from-profile");
    from.profile_text = NULL;
    value_is(&from, "SSA_HSM_MODULE", NULL);
    from.profile_text = "SSA_HSM_MODULE=\n";
    value_is(&from, "SSA_HSM_MODULE", NULL);
}

static void a_profile_named_by_option_beats_the_environment(void **state)
{
    (void)state;
    struct sources from = {.profile_text = PROFILE,
                           .named = "default",
                           .environment = {"SSA_HSM_MODULE=from-environment", "SSA_HSM_SCOPE=data:read"}};
    value_is(&from, "SSA_HSM_MODULE", "from-profile");
    value_is(&from, "SSA_HSM_SCOPE", "data:read");
    from.option_name = "SSA_HSM_MODULE";
    from.option_value = "from-option";
    value_is(&from, "SSA_HSM_MODULE", "from-option");
    // Named by the environment it does not.
    from = (struct sources){.environment = {"SSA_HSM_MODULE=from-environment", "SSA_HSM_PROFILE=other"}};
    (void)unit_write("config/ssa-hsm/other.env", "SSA_HSM_MODULE=x\nSSA_HSM_SCOPE=from-other\n", 0600);
    value_is(&from, "SSA_HSM_MODULE", "from-environment");
    value_is(&from, "SSA_HSM_SCOPE", "from-other");
}

static void a_named_profile_must_exist_and_the_default_need_not(void **state)
{
    (void)state;
    struct ssa_error err;
    struct sources from = {.named = "missing"};
    FAILS(set_up(&from, &err) != NULL, SSA_CONFIG,
          "missing.env: the profile cannot be read (No such file or directory)");
    from = (struct sources){.environment = {"SSA_HSM_PROFILE=missing"}};
    FAILS(set_up(&from, &err) != NULL, SSA_CONFIG, "missing.env");
    from = (struct sources){.named = "bad name"};
    FAILS(set_up(&from, &err) != NULL, SSA_USAGE, "name");
    from = (struct sources){.named = "/nowhere/x.env"};
    FAILS(set_up(&from, &err) != NULL, SSA_CONFIG, "/nowhere/x.env");
    from = (struct sources){.environment = {"SSA_HSM_PROFILE="}};
    value_is(&from, "SSA_HSM_MODULE", NULL);
    struct ssa_settings *s = ssa_settings_new();
    SUCCEEDS(ssa_settings_profile(s, "missing", true, &callbacks, &err));
    assert_string_equal(settings_profile_path(s), "");
    ssa_settings_free(s);
}

static void without_a_home_there_is_no_default_and_no_error(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    struct ssa_error err;
    struct ssa_settings *s = ssa_settings_new();
    SUCCEEDS(ssa_settings_profile(s, NULL, false, &callbacks, &err));
    FAILS(ssa_settings_profile(s, "x", false, &callbacks, &err), SSA_CONFIG, "HOME");
    ssa_settings_free(s);
    assert_int_equal(setenv("HOME", unit_path("home"), 1), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", unit_path("config"), 1), 0);
}

static void the_other_name_of_the_client_secret_is_read(void **state)
{
    (void)state;
    struct sources from = {.environment = {"APS_CLIENT_SECRET=alias"}};
    value_is(&from, "APS_SECRET_ID", "alias");
    from.environment[1] = "APS_SECRET_ID=own";
    value_is(&from, "APS_SECRET_ID", "own");
    from.environment[1] = "APS_SECRET_ID=";
    value_is(&from, "APS_SECRET_ID", "alias");
    from = (struct sources){.profile_text = "APS_CLIENT_SECRET=alias\n"};
    value_is(&from, "APS_SECRET_ID", "alias");
    // The environment goes before the profile, whatever the name.
    from = (struct sources){.profile_text = "APS_SECRET_ID=own\n", .environment = {"APS_CLIENT_SECRET=alias"}};
    value_is(&from, "APS_SECRET_ID", "alias");
}

static void secrets_are_overwritten_where_they_stood(void **state)
{
    (void)state;
    static const struct sources from = {.environment = {"APS_SECRET_ID=hunter2", "APS_CLIENT_SECRET=hunter3",
                                                        "PRIVATE_KEY=pkcs11:x", "APS_CLIENT_ID=public"}};
    struct ssa_error err;
    struct ssa_settings *s = set_up(&from, &err);
    SUCCEEDS(s != NULL);
    assert_memory_equal(copies[0], "APS_SECRET_ID=\0\0\0\0\0\0\0", 22);
    assert_memory_equal(copies[1], "APS_CLIENT_SECRET=\0\0\0\0\0\0\0", 26);
    assert_memory_equal(copies[2], "PRIVATE_KEY=\0\0\0\0\0\0\0\0", 21);
    assert_string_equal(copies[3], "APS_CLIENT_ID=public");
    assert_string_equal(ssa_settings_value(s, "APS_SECRET_ID"), "hunter2");
    assert_string_equal(ssa_settings_value(s, "PRIVATE_KEY"), "pkcs11:x");
    ssa_settings_free(s);
    // A library leaves the caller's environment alone.
    char entry[] = "APS_SECRET_ID=hunter2", *environment[] = {entry, NULL};
    s = ssa_settings_new();
    SUCCEEDS(ssa_settings_environment(s, environment, false, &err));
    assert_string_equal(entry, "APS_SECRET_ID=hunter2");
    ssa_settings_free(s);
}

static void a_variable_that_is_referred_to_is_moved_whoever_names_it(void **state)
{
    (void)state;
    static const char *const ways[][2] = {
        {"SSA_HSM_PIN_SOURCE=env:MINE", ""},
        {"SSA_HSM_TOKEN=pkcs11:token=x?pin-source=env:MINE", ""},
        {"PRIVATE_KEY=pkcs11:token=x?pin-source=env:MINE", ""},
        {"APS_CLIENT_SECRET=env:MINE", ""},
        {"OTHER=1", "SSA_HSM_PIN_SOURCE=env:MINE\n"},
        {"OTHER=1", "SSA_HSM_SO_PIN_SOURCE=env:MINE\n"},
        {"OTHER=1", "APS_SECRET_ID=env:MINE\n"},
        {"OTHER=1", "APS_CLIENT_SECRET=env:MINE\n"},
        {"OTHER=1", "PRIVATE_KEY='pkcs11:token=x?pin-source=env:MINE'\n"},
        // One that another goes before.
        {"SSA_HSM_PIN_SOURCE=env:OTHER", "SSA_HSM_PIN_SOURCE=env:MINE\n"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct ssa_error err;
        const struct sources from = {
            .profile_text = ways[i][1],
            .environment = {ways[i][0], "MINE=hunter2", "MINER=kept", "MIN=kept", "MINE=again", "MINE"}};
        struct ssa_settings *s = set_up(&from, &err);
        SUCCEEDS(s != NULL);
        assert_memory_equal(copies[1], "MINE=\0\0\0\0\0\0\0", 13);
        assert_memory_equal(copies[4], "MINE=\0\0\0\0\0", 11);
        assert_string_equal(copies[2], "MINER=kept");
        assert_string_equal(copies[3], "MIN=kept");
        // As often as it is asked for.
        assert_string_equal(settings_secret_variable(s, "env:MINE"), "hunter2");
        assert_string_equal(settings_secret_variable(s, "env:MINE"), "hunter2");
        assert_null(settings_secret_variable(s, "env:MINER"));
        assert_true(ssa_settings_withheld(s, "MINE"));
        assert_false(ssa_settings_withheld(s, "MINER"));
        ssa_settings_free(s);
    }
}

static void odd_environments_are_passed_over(void **state)
{
    (void)state;
    struct sources from = {
        .environment = {"APS_CLIENT_ID", "=x", "", "APS_CLIENT_IDX=1", "aps_client_id=2", "PATH=/bin"}};
    value_is(&from, "APS_CLIENT_ID", NULL);
    value_is(&from, "PATH", NULL);
    from.environment[0] = "APS_CLIENT_ID=a=b";
    value_is(&from, "APS_CLIENT_ID", "a=b");
}

static void an_unknown_setting_is_no_option(void **state)
{
    (void)state;
    struct ssa_error err;
    struct ssa_settings *s = ssa_settings_new();
    FAILS(ssa_settings_option(s, "SSA_HSM_MODUL", "x", &err), SSA_USAGE, "no such setting");
    FAILS(ssa_settings_option(s, "", "x", &err), SSA_USAGE, "no such setting");
    ssa_settings_free(s);
    ssa_settings_free(NULL);
}

static void a_broken_profile_is_told_with_file_and_line(void **state)
{
    (void)state;
    struct ssa_error err;
    struct sources from = {.profile_text = "OTHER=x\nnonsense\n"};
    FAILS(set_up(&from, &err) != NULL, SSA_CONFIG, "default.env: line 2 ");
    from.profile_text = "OTHER=x\nAPS_SECRET_ID=\"a\\\"b\"\n";
    FAILS(set_up(&from, &err) != NULL, SSA_CONFIG, "line 2 has a backslash between double quotes in APS_SECRET_ID");
    // What is not ours may be as it likes.
    from.profile_text = "OTHER=\"a\\\"b\"\nAPS_CLIENT_ID=x\n";
    value_is(&from, "APS_CLIENT_ID", "x");
    static char many[70000];
    memset(many, '#', sizeof many - 1);
    from.profile_text = many;
    FAILS(set_up(&from, &err) != NULL, SSA_CONFIG, "longer than");
}

static void the_last_of_two_lines_wins_as_in_the_shell(void **state)
{
    (void)state;
    const struct sources from = {.profile_text = "KEY_ID=1\nKEY_ID=2\n"};
    value_is(&from, "KEY_ID", "2");
}

static void a_profile_that_others_can_read_is_told(void **state)
{
    (void)state;
    struct ssa_error err;
    static const char *const texts[] = {"APS_SECRET_ID=hunter2\n", "APS_CLIENT_SECRET=hunter2\n"};
    for (size_t i = 0; i < 2; i++) {
        const char *path = unit_write("shared.env", texts[i], 0644);
        struct ssa_settings *s = ssa_settings_new();
        heard = (struct unit_heard){0};
        SUCCEEDS(ssa_settings_profile(s, path, false, &callbacks, &err));
        ssa_settings_free(s);
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.level, SSA_WARNING);
        assert_non_null(strstr(heard.line, path));
        assert_null(strstr(heard.line, "hunter2"));
    }
}

// A PKCS#11 URI with a PIN in it is refused where it is used.
static void a_profile_with_references_alone_may_be_read_by_others(void **state)
{
    (void)state;
    struct ssa_error err;
    static const char *const texts[] = {"APS_SECRET_ID=file:/run/secret\n",
                                        "APS_CLIENT_SECRET=\"pkcs11:token=a;object=b;type=data\"\n"};
    for (size_t i = 0; i < 2; i++) {
        const char *path = unit_write("shared.env", texts[i], 0644);
        struct ssa_settings *s = ssa_settings_new();
        heard = (struct unit_heard){0};
        SUCCEEDS(ssa_settings_profile(s, path, false, &callbacks, &err));
        ssa_settings_free(s);
        assert_int_equal(heard.count, 0);
    }
}

static void splits(const char *text, size_t count, const char *first, const char *last)
{
    struct ssa_error err;
    struct profile_names names;
    SUCCEEDS(profile_names_split(text, &names, &err));
    assert_int_equal(names.count, count);
    assert_string_equal(names.list[0], first);
    assert_string_equal(names.list[count - 1], last);
}

static void a_list_is_split_at_its_colons(void **state)
{
    (void)state;
    struct ssa_error err;
    struct profile_names names;
    splits("main", 1, "main", "main");
    splits("main:spare", 2, "main", "spare");
    splits("/a/b.env:./c:d", 3, "/a/b.env", "d");
    splits("a:b:c:d:e:f:g:h", 8, "a", "h");
    FAILS(profile_names_split("a:b:c:d:e:f:g:h:i", &names, &err), SSA_CONFIG, "more than 8");
    static const char *const holes[] = {"", ":", "a:", ":a", "a::b"};
    for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++)
        FAILS(profile_names_split(holes[i], &names, &err), SSA_CONFIG, "empty name");
    static char longest[PATH_TEXT_MAX + 1];
    memset(longest, 'x', PATH_TEXT_MAX);
    FAILS(profile_names_split(longest, &names, &err), SSA_CONFIG, "longer than");
    longest[PATH_TEXT_MAX - 1] = '\0';
    splits(longest, 1, longest, longest);
}

static void a_path_that_exists_is_one_whatever_is_in_it(void **state)
{
    (void)state;
    const char *path = unit_write("odd:folder/a:b.env", "KEY_ID=1\n", 0600);
    splits(path, 1, path, path);
    // What does not exist is a list.
    splits("/nowhere/odd:b.env", 2, "/nowhere/odd", "b.env");
}

static struct ssa_settings *listed(const char *by_environment, const char *const *names, size_t count,
                                   struct ssa_error *err)
{
    static char entry[600];
    char *environment[] = {entry, NULL};
    struct ssa_settings *s = ssa_settings_new();
    (void)snprintf(entry, sizeof entry, "SSA_HSM_PROFILE=%s", by_environment);
    if (ssa_settings_environment(s, environment, true, err) && ssa_settings_profiles(s, names, count, &callbacks, err))
        return s;
    ssa_settings_free(s);
    return NULL;
}

static void two_profiles(void)
{
    (void)unit_write("config/ssa-hsm/one.env", "KEY_ID=1\nSSA_HSM_SCOPE=data:read\n", 0600);
    (void)unit_write("config/ssa-hsm/two.env", "KEY_ID=2\nAPS_CLIENT_SECRET=x\n", 0600);
}

static void of_several_profiles_each_is_kept_and_the_first_is_in_use(void **state)
{
    (void)state;
    two_profiles();
    static const char *const names[] = {"one", "two"};
    const struct {
        const char *by_environment;
        size_t count;
    } ways[] = {{"one:two", 0}, {"other", 2}};
    for (size_t i = 0; i < 2; i++) {
        struct ssa_error err;
        struct ssa_settings *s = listed(ways[i].by_environment, names, ways[i].count, &err);
        SUCCEEDS(s != NULL);
        assert_int_equal(settings_profile_count(s), 2);
        assert_true(settings_profile_first(s) == (i == 1));
        assert_string_equal(ssa_settings_value(s, "KEY_ID"), "1");
        assert_string_equal(settings_profile_name(s), "one");
        struct ssa_settings *view = settings_with_profile(s, 1);
        assert_string_equal(ssa_settings_value(view, "KEY_ID"), "2");
        assert_string_equal(settings_profile_name(view), "two");
        assert_string_equal(settings_profile_path(view), unit_path("config/ssa-hsm/two.env"));
        // What one does not say is not the other's.
        assert_null(ssa_settings_value(view, "SSA_HSM_SCOPE"));
        assert_string_equal(ssa_settings_value(view, "APS_SECRET_ID"), "x");
        assert_null(ssa_settings_value(s, "APS_SECRET_ID"));
        settings_view_end(&view);
        ssa_settings_free(s);
    }
}

static void each_of_a_list_must_exist(void **state)
{
    (void)state;
    two_profiles();
    struct ssa_error err;
    static const char *const names[] = {"one", "missing"}, *const colon[] = {"one:two"};
    FAILS(listed("", names, 2, &err) != NULL, SSA_CONFIG, "missing.env");
    FAILS(listed("one:missing", NULL, 0, &err) != NULL, SSA_CONFIG, "missing.env");
    FAILS(listed("", colon, 1, &err) != NULL, SSA_USAGE, "is not a valid profile name");
    assert_int_equal(err.reason, SSA_REASON_JOINED_PROFILES);
    FAILS(listed("", names, SSA_PROFILES_MAX + 1, &err) != NULL, SSA_USAGE, "more than 8");
    (void)unit_write("config/ssa-hsm/bad.env", "nonsense\n", 0600);
    FAILS(listed("one:bad", NULL, 0, &err) != NULL, SSA_CONFIG, "bad.env: line 1");
}

static void one_profile_is_no_list_and_takes_the_place_of_those_before(void **state)
{
    (void)state;
    two_profiles();
    struct ssa_error err;
    struct ssa_settings *s = listed("one:two", NULL, 0, &err);
    SUCCEEDS(s != NULL);
    FAILS(ssa_settings_profile(s, NULL, false, &callbacks, &err), SSA_USAGE, "is a list of profiles");
    SUCCEEDS(ssa_settings_profile(s, "two", false, &callbacks, &err));
    assert_int_equal(settings_profile_count(s), 1);
    assert_string_equal(ssa_settings_value(s, "KEY_ID"), "2");
    assert_null(ssa_settings_value(s, "SSA_HSM_SCOPE"));
    SUCCEEDS(ssa_settings_profile(s, "not-yet", true, &callbacks, &err));
    assert_null(ssa_settings_value(s, "KEY_ID"));
    ssa_settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(option_then_environment_then_profile),
        cmocka_unit_test(a_profile_named_by_option_beats_the_environment),
        cmocka_unit_test(a_named_profile_must_exist_and_the_default_need_not),
        cmocka_unit_test(without_a_home_there_is_no_default_and_no_error),
        cmocka_unit_test(the_other_name_of_the_client_secret_is_read),
        cmocka_unit_test(secrets_are_overwritten_where_they_stood),
        cmocka_unit_test(a_variable_that_is_referred_to_is_moved_whoever_names_it),
        cmocka_unit_test(odd_environments_are_passed_over),
        cmocka_unit_test(an_unknown_setting_is_no_option),
        cmocka_unit_test(a_broken_profile_is_told_with_file_and_line),
        cmocka_unit_test(a_profile_that_others_can_read_is_told),
        cmocka_unit_test(a_profile_with_references_alone_may_be_read_by_others),
        cmocka_unit_test(the_last_of_two_lines_wins_as_in_the_shell),
        cmocka_unit_test(a_list_is_split_at_its_colons),
        cmocka_unit_test(a_path_that_exists_is_one_whatever_is_in_it),
        cmocka_unit_test(of_several_profiles_each_is_kept_and_the_first_is_in_use),
        cmocka_unit_test(each_of_a_list_must_exist),
        cmocka_unit_test(one_profile_is_no_list_and_takes_the_place_of_those_before),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
