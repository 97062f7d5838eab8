// The end of the file that an imported key came from: whatever fails, what is said about it is true.
#include "core/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/old_file.h"

static const char text[] = "PRIVATE_KEY=\"secret\"\n";

static struct old_file opened(const char *path)
{
    struct ssa_error err;
    struct old_file old;
    SUCCEEDS(old_file_open(&old, path, true, NULL, &err));
    return old;
}

// As a disk that writes no more: what is written through the descriptor fails.
static void write_protect(const struct old_file *old)
{
    const int reading = open(old->name, O_RDONLY | O_CLOEXEC);
    assert_true(reading >= 0);
    assert_int_equal(dup2(reading, old->fd), old->fd);
    assert_int_equal(close(reading), 0);
}

static void put_another_in_its_place(const char *path)
{
    assert_int_equal(rename(unit_write("new", "# new\n", 0600), path), 0);
}

static char first_byte(const struct old_file *old)
{
    char byte = '?';
    assert_int_equal(pread(old->fd, &byte, 1, 0), 1);
    return byte;
}

static void it_is_overwritten_and_removed(void **state)
{
    (void)state;
    struct ssa_error err;
    struct old_file old = opened(unit_write("old.env", text, 0600));
    SUCCEEDS(old_file_destroy(&old, &err));
    assert_int_equal(first_byte(&old), 0);
    assert_int_equal(access(old.name, F_OK), -1);
    old_file_close(&old);
}

static void a_file_that_took_its_name_stays(void **state)
{
    (void)state;
    struct ssa_error err;
    struct old_file old = opened(unit_write("old.env", text, 0600));
    put_another_in_its_place(old.name);
    SUCCEEDS(old_file_destroy(&old, &err));
    assert_int_equal(first_byte(&old), 0);
    assert_int_equal(access(old.name, F_OK), 0);
    old_file_close(&old);
}

static void one_that_cannot_be_overwritten_is_to_be_destroyed_by_hand(void **state)
{
    (void)state;
    struct ssa_error err;
    struct old_file old = opened(unit_write("old.env", text, 0600));
    write_protect(&old);
    FAILS(old_file_destroy(&old, &err), SSA_UNEXPECTED, "could not be destroyed");
    assert_non_null(strstr(err.hint, "Destroy it by hand"));
    assert_int_equal(access(old.name, F_OK), 0);
    old_file_close(&old);
}

// By that name there is the new file now: whoever destroys it by hand loses a profile.
static void nobody_is_told_to_destroy_the_new_file(void **state)
{
    (void)state;
    struct ssa_error err;
    struct old_file old = opened(unit_write("old.env", text, 0600));
    put_another_in_its_place(old.name);
    write_protect(&old);
    FAILS(old_file_destroy(&old, &err), SSA_UNEXPECTED, "the disk blocks that held it could not be overwritten");
    assert_non_null(strstr(err.hint, "Keep this file"));
    assert_null(strstr(err.hint, "Destroy"));
    old_file_close(&old);
}

// A name that is a link by now is another file's.
static void a_link_in_its_place_stays(void **state)
{
    (void)state;
    struct ssa_error err;
    struct old_file old = opened(unit_write("old.env", text, 0600));
    const char *moved = unit_path("moved.env");
    assert_int_equal(rename(old.name, moved), 0);
    assert_int_equal(symlink(moved, old.name), 0);
    SUCCEEDS(old_file_destroy(&old, &err));
    assert_int_equal(first_byte(&old), 0);
    assert_int_equal(access(old.name, F_OK), 0);
    old_file_close(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_overwritten_and_removed, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_file_that_took_its_name_stays, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(one_that_cannot_be_overwritten_is_to_be_destroyed_by_hand, unit_folder,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(nobody_is_told_to_destroy_the_new_file, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_link_in_its_place_stays, unit_folder, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
