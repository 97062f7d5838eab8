// Where things of ours are kept.
#include "core/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/paths.h"
#include "core/text.h"

static void set(const char *variable, const char *value)
{
    assert_int_equal(value == NULL ? unsetenv(variable) : setenv(variable, value, 1), 0);
}

static void the_xdg_folders_are_used(void **state)
{
    (void)state;
    char path[PATH_TEXT_MAX];
    struct ssa_error err;
    set("HOME", "/h");
    set("XDG_CONFIG_HOME", "/c");
    set("XDG_STATE_HOME", "/s");
    SUCCEEDS(path_config(path, &err));
    assert_string_equal(path, "/c/ssa-hsm");
    SUCCEEDS(path_state(path, &err));
    assert_string_equal(path, "/s/ssa-hsm");
    // Unset, empty and relative are alike.
    static const char *const none[] = {NULL, "", "relative", "./x"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        set("XDG_CONFIG_HOME", none[i]);
        set("XDG_STATE_HOME", none[i]);
        SUCCEEDS(path_config(path, &err));
        assert_string_equal(path, "/h/.config/ssa-hsm");
        SUCCEEDS(path_state(path, &err));
        assert_string_equal(path, "/h/.local/state/ssa-hsm");
    }
    set("HOME", NULL);
    FAILS(path_config(path, &err), SSA_CONFIG, "HOME");
    FAILS(path_state(path, &err), SSA_CONFIG, "XDG_STATE_HOME");
    char many[PATH_TEXT_MAX + 1];
    memset(many, '/', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    set("XDG_CONFIG_HOME", many);
    FAILS(path_config(path, &err), SSA_CONFIG, "File name too long");
}

static void a_profile_is_a_name_or_a_path(void **state)
{
    (void)state;
    char path[PATH_TEXT_MAX];
    struct ssa_error err;
    set("XDG_CONFIG_HOME", "/c");
    SUCCEEDS(path_profile("work", path, &err));
    assert_string_equal(path, "/c/ssa-hsm/work.env");
    SUCCEEDS(path_profile("a.b-c_9", path, &err));
    assert_string_equal(path, "/c/ssa-hsm/a.b-c_9.env");
    SUCCEEDS(path_profile("./x", path, &err));
    assert_string_equal(path, "./x");
    SUCCEEDS(path_profile("/etc/x.env", path, &err));
    assert_string_equal(path, "/etc/x.env");
    static const char *const bad[] = {"", ".", "..", ".x", "-x", "a b", "a\nb", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS(path_profile(bad[i], path, &err), SSA_USAGE, "name");
    char many[PATH_TEXT_MAX + 1];
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    FAILS(path_profile(many, path, &err), SSA_CONFIG, "File name too long");
    many[0] = '/';
    FAILS(path_profile(many, path, &err), SSA_CONFIG, "File name too long");
}

static void folders_are_made_for_us_alone(void **state)
{
    (void)state;
    struct ssa_error err;
    struct stat about;
    SUCCEEDS(path_make(unit_path("a/b/c"), &err));
    assert_int_equal(stat(unit_path("a/b/c"), &about), 0);
    assert_int_equal(about.st_mode, S_IFDIR | 0700);
    assert_int_equal(stat(unit_path("a"), &about), 0);
    assert_int_equal(about.st_mode, S_IFDIR | 0700);
    SUCCEEDS(path_make(unit_path("a/b/c"), &err));
    SUCCEEDS(path_make(unit_path("a//b/d/"), &err));
    assert_int_equal(access(unit_path("a/b/d"), X_OK), 0);
    (void)unit_write("file", "", 0600);
    FAILS(path_make(unit_path("file/x"), &err), SSA_CONFIG, "Not a directory");
}

static void a_file_in_a_folder_s_place_is_told(void **state)
{
    (void)state;
    struct ssa_error err;
    (void)unit_write("file", "", 0600);
    FAILS(path_make(unit_path("file"), &err), SSA_CONFIG, "Not a directory");
}

typedef bool make_path(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err);

static void becomes(make_path *make, const char *path, const char *expected)
{
    char out[PATH_TEXT_MAX];
    struct ssa_error err;
    SUCCEEDS(make(path, out, &err));
    assert_string_equal(out, expected);
}

static void paths_become_absolute_with_links_left_or_followed(void **state)
{
    (void)state;
    assert_int_equal(chdir(unit_in), 0);
    const char *real = unit_write("sub/real.env", "", 0600);
    assert_int_equal(symlink("sub/real.env", "link.env"), 0);
    becomes(path_absolute, "link.env", unit_path("link.env"));
    becomes(path_resolved, "link.env", real);
    becomes(path_resolved, "sub/../link.env", real);
    becomes(path_resolved, real, real);
    static make_path *const both[] = {path_absolute, path_resolved};
    for (size_t i = 0; i < 2; i++) {
        becomes(both[i], "new.env", unit_path("new.env"));
        becomes(both[i], "/nowhere/new.env", "/nowhere/new.env");
    }
    assert_int_equal(chdir("/"), 0);
}

// The journal takes no path that goes up.
static void a_file_that_is_to_be_made_has_its_folder_resolved(void **state)
{
    (void)state;
    assert_int_equal(chdir(unit_in), 0);
    (void)unit_write("real/x", "", 0600);
    assert_int_equal(symlink("real", "other"), 0);
    becomes(path_resolved, "real/../other/./new.env", unit_path("real/new.env"));
    becomes(path_resolved, "other/new.env", unit_path("real/new.env"));
    becomes(path_resolved, "/../../new.env", "/new.env");
    becomes(path_resolved, "/new.env", "/new.env");
    assert_int_equal(chdir("/"), 0);
}

static void the_configuration_is_known_by_either_name(void **state)
{
    (void)state;
    assert_int_equal(mkdir(unit_path("cfg"), 0700), 0);
    (void)unit_write("kept/x.env", "", 0600);
    assert_int_equal(symlink(unit_path("kept"), unit_path("cfg/ssa-hsm")), 0);
    set("XDG_CONFIG_HOME", unit_path("cfg"));
    assert_true(path_is_config(unit_path("cfg/ssa-hsm")));
    assert_true(path_is_config(unit_path("kept")));
    assert_false(path_is_config(unit_path("cfg")));
    set("XDG_CONFIG_HOME", "/c");
    assert_true(path_is_config("/c/ssa-hsm"));
    assert_false(path_is_config(unit_path("kept")));
}

// A file of another name would be written over.
static void a_path_that_is_too_long_never_becomes_another(void **state)
{
    (void)state;
    char name[101], out[PATH_TEXT_MAX];
    struct ssa_error err;
    memset(name, 'd', 100);
    name[100] = '\0';
    assert_int_equal(chdir(unit_in), 0);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(mkdir(name, 0700), 0);
        assert_int_equal(chdir(name), 0);
    }
    assert_int_equal(mkdir("x.env", 0700), 0);
    FAILS(path_absolute("x.env", out, &err), SSA_CONFIG, "File name too long");
    FAILS(path_resolved("x.env", out, &err), SSA_CONFIG, "File name too long");
    FAILS(path_resolved("new.env", out, &err), SSA_CONFIG, "File name too long");
    assert_int_equal(chdir("/"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_xdg_folders_are_used),
        cmocka_unit_test(a_profile_is_a_name_or_a_path),
        cmocka_unit_test(folders_are_made_for_us_alone),
        cmocka_unit_test(a_file_in_a_folder_s_place_is_told),
        cmocka_unit_test(paths_become_absolute_with_links_left_or_followed),
        cmocka_unit_test(a_file_that_is_to_be_made_has_its_folder_resolved),
        cmocka_unit_test(the_configuration_is_known_by_either_name),
        cmocka_unit_test(a_path_that_is_too_long_never_becomes_another),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
