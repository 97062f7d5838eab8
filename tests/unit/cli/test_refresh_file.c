// The file that an access token is kept in: replaced as a whole, and never another's.
#include "core/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/token/refresh_file.h"

static void holds(const char *name, const char *expected)
{
    char text[64] = "";
    struct stat about;
    const int fd = open(unit_path(name), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(read(fd, text, sizeof text - 1), strlen(expected));
    assert_string_equal(text, expected);
    assert_int_equal(close(fd), 0);
}

static bool is_there(const char *name)
{
    return access(unit_path(name), F_OK) == 0;
}

static void it_is_replaced_and_removed(void **state)
{
    (void)state;
    struct refresh_file file;
    struct ssa_error err;
    // What another run has left, which was killed.
    (void)unit_write("here/token", "old and longer", 0644);
    (void)unit_write("here/token.ssa-hsm", "a draft", 0644);
    SUCCEEDS(refresh_file_choose(&file, unit_path("here/token"), &err));
    SUCCEEDS(refresh_file_write(&file, span_text("one"), &err));
    holds("here/token", "one");
    SUCCEEDS(refresh_file_write(&file, span_text("two"), &err));
    holds("here/token", "two");
    assert_false(is_there("here/token.ssa-hsm"));
    refresh_file_remove(&file);
    assert_false(is_there("here/token"));
}

static void a_failure_leaves_the_old_one(void **state)
{
    (void)state;
    struct refresh_file file;
    struct ssa_error err;
    (void)unit_write("here/other", "", 0600);
    SUCCEEDS(refresh_file_choose(&file, unit_path("here/token"), &err));
    SUCCEEDS(refresh_file_write(&file, span_text("one"), &err));
    // No draft can be made.
    assert_int_equal(mkdir(unit_path("here/token.ssa-hsm"), 0700), 0);
    FAILS(refresh_file_write(&file, span_text("two"), &err), SSA_CONFIG, "cannot be written");
    holds("here/token", "one");
    FAILS(refresh_file_choose(&file, unit_path("here/token"), &err), SSA_CONFIG, "cannot be written");
}

static void another_file_in_its_place_stays(void **state)
{
    (void)state;
    struct refresh_file file;
    struct ssa_error err;
    (void)unit_write("here/other", "mine", 0600);
    SUCCEEDS(refresh_file_choose(&file, unit_path("here/token"), &err));
    refresh_file_remove(&file);
    SUCCEEDS(refresh_file_write(&file, span_text("one"), &err));
    assert_int_equal(rename(unit_path("here/other"), unit_path("here/token")), 0);
    refresh_file_remove(&file);
    holds("here/token", "mine");
}

static void only_a_file_is_replaced(void **state)
{
    (void)state;
    struct refresh_file file;
    struct ssa_error err;
    (void)unit_write("here/other", "mine", 0600);
    assert_int_equal(symlink("other", unit_path("here/link")), 0);
    assert_int_equal(mkfifo(unit_path("here/pipe"), 0600), 0);
    FAILS(refresh_file_choose(&file, unit_path("here/link"), &err), SSA_CONFIG, "not a regular file");
    FAILS(refresh_file_choose(&file, unit_path("here/pipe"), &err), SSA_CONFIG, "not a regular file");
    FAILS(refresh_file_choose(&file, unit_path("here"), &err), SSA_CONFIG, "not a regular file");
    FAILS(refresh_file_choose(&file, unit_path("nowhere/token"), &err), SSA_CONFIG, "cannot be written");
    FAILS(refresh_file_choose(&file, unit_path("here/other/token"), &err), SSA_CONFIG, "cannot be written");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_replaced_and_removed, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_failure_leaves_the_old_one, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(another_file_in_its_place_stays, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(only_a_file_is_replaced, unit_folder, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
