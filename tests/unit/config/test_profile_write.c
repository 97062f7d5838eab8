// A profile's file: whole or not at all, for its owner alone, and never another's.
#include "core/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/profile_write.h"
#include "config/settings.h"

static struct ssa_settings *settings;

static bool reserve(struct profile_target *target, const struct ssa_output *output, struct ssa_error *err)
{
    const struct ssa_run run = {.settings = settings};
    return profile_choose(target, &run, output, "draft", err) && profile_reserve(target, err);
}

static int set_up(void **state)
{
    settings = ssa_settings_new();
    return settings == NULL ? -1 : unit_folder(state);
}

static int tear_down(void **state)
{
    ssa_settings_free(settings);
    return unit_folder_gone(state);
}

static void holds(const char *path, const char *expected)
{
    char text[256];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, expected);
}

// How many files the folder has: nothing of ours is left beside the profile.
static unsigned files(const char *folder)
{
    unsigned count = 0;
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (const struct dirent *entry; (entry = readdir(open)) != NULL;)
        count += entry->d_name[0] != '.';
    assert_int_equal(closedir(open), 0);
    return count;
}

static void written(const struct ssa_output *output, const char *text, const char *path)
{
    struct ssa_error err;
    PROFILE_AUTO target;
    SUCCEEDS(reserve(&target, output, &err));
    assert_string_equal(target.path, path);
    SUCCEEDS(profile_commit(&target, span_text(text), &err));
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode, S_IFREG | 0600);
    holds(path, text);
}

static void it_is_written_for_its_owner_alone(void **state)
{
    (void)state;
    const mode_t mask = umask(0);
    written(&(struct ssa_output){0}, "A=1\n", unit_path("config/ssa-hsm/default.env"));
    written(&(struct ssa_output){.profile = "work"}, "A=2\n", unit_path("config/ssa-hsm/work.env"));
    (void)umask(mask);
    struct stat about;
    assert_int_equal(stat(unit_path("config/ssa-hsm"), &about), 0);
    assert_int_equal(about.st_mode, S_IFDIR | 0700);
    assert_int_equal(files(unit_path("config/ssa-hsm")), 2);
}

static void option_then_output_then_environment_name_it(void **state)
{
    (void)state;
    struct ssa_error err;
    char entry[] = "SSA_HSM_PROFILE=by-environment", *environment[] = {entry, NULL};
    const char *file = unit_path("out.env");
    SUCCEEDS(ssa_settings_environment(settings, environment, false, &err));
    written(&(struct ssa_output){.profile = "by-option", .file = file}, "1\n",
            unit_path("config/ssa-hsm/by-option.env"));
    written(&(struct ssa_output){.file = file}, "2\n", unit_path("out.env"));
    written(&(struct ssa_output){0}, "3\n", unit_path("config/ssa-hsm/by-environment.env"));
}

static void one_that_exists_is_replaced_only_when_asked(void **state)
{
    (void)state;
    struct ssa_error err;
    struct profile_target target;
    const char *path = unit_write("config/ssa-hsm/default.env", "old\n", 0644);
    FAILS(reserve(&target, &(struct ssa_output){0}, &err), SSA_IN_USE, "exists already");
    assert_int_equal(err.reason, SSA_REASON_PROFILE_EXISTS);
    profile_abandon(&target);
    holds(path, "old\n");
    written(&(struct ssa_output){.replace = true}, "new\n", unit_path("config/ssa-hsm/default.env"));
    assert_int_equal(files(unit_path("config/ssa-hsm")), 1);
}

static void one_that_somebody_made_meanwhile_stays(void **state)
{
    (void)state;
    struct ssa_error err;
    PROFILE_AUTO target;
    SUCCEEDS(reserve(&target, &(struct ssa_output){0}, &err));
    const char *path = unit_write("config/ssa-hsm/default.env", "theirs\n", 0600);
    FAILS(profile_commit(&target, span_text("ours\n"), &err), SSA_CONFIG, "File exists");
    holds(path, "theirs\n");
    profile_abandon(&target);
    assert_int_equal(files(unit_path("config/ssa-hsm")), 1);
}

static void giving_up_leaves_nothing(void **state)
{
    (void)state;
    struct ssa_error err;
    struct profile_target target;
    SUCCEEDS(reserve(&target, &(struct ssa_output){0}, &err));
    assert_int_equal(files(unit_path("config/ssa-hsm")), 1);
    struct stat about;
    assert_int_equal(fstat(target.fd, &about), 0);
    assert_int_equal(about.st_mode, S_IFREG | 0600);
    assert_true(about.st_size >= (off_t)PROFILE_MAX);
    profile_abandon(&target);
    profile_abandon(&target);
    assert_int_equal(files(unit_path("config/ssa-hsm")), 0);
}

static void a_link_is_followed_and_stays(void **state)
{
    (void)state;
    struct stat about;
    (void)unit_write("real/target.env", "old\n", 0600);
    (void)unit_write("config/ssa-hsm/other.env", "", 0600);
    assert_int_equal(symlink(unit_path("real/target.env"), unit_path("config/ssa-hsm/default.env")), 0);
    written(&(struct ssa_output){.replace = true}, "new\n", unit_path("real/target.env"));
    assert_int_equal(lstat(unit_path("config/ssa-hsm/default.env"), &about), 0);
    assert_true(S_ISLNK(about.st_mode));
}

static void a_place_that_cannot_be_written_is_known_at_once(void **state)
{
    (void)state;
    struct ssa_error err;
    struct profile_target target;
    // Another's folder is not made: it is more likely a typing error.
    FAILS(reserve(&target, &(struct ssa_output){.file = unit_path("nowhere/x.env")}, &err), SSA_CONFIG,
          "No such file or directory");
    profile_abandon(&target);
    assert_int_equal(access(unit_path("nowhere"), F_OK), -1);
    FAILS(reserve(&target, &(struct ssa_output){.file = "/dev/null", .replace = true}, &err), SSA_CONFIG,
          "not a regular file");
    profile_abandon(&target);
    FAILS(reserve(&target, &(struct ssa_output){.file = unit_in, .replace = true}, &err), SSA_CONFIG,
          "not a regular file");
    profile_abandon(&target);
    FAILS(reserve(&target, &(struct ssa_output){.profile = "bad name"}, &err), SSA_USAGE, "name");
    profile_abandon(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_written_for_its_owner_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(option_then_output_then_environment_name_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_exists_is_replaced_only_when_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_somebody_made_meanwhile_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(giving_up_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_followed_and_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_place_that_cannot_be_written_is_known_at_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
