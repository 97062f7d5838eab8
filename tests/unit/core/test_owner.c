// Whose a file or folder is.
#include "core/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/owner.h"
#include "core/text.h"

static void folder(const char *name, mode_t mode, const char *mention)
{
    struct ssa_error err = {0};
    const char *path = unit_path(name);
    if (mkdir(path, 0700) != 0)
        assert_int_equal(errno, EEXIST);
    assert_int_equal(chmod(path, mode), 0);
    const int fd = owner_open_folder(path, &err);
    if (mention == NULL) {
        assert_true(fd >= 0);
        assert_int_equal(close(fd), 0);
        return;
    }
    assert_int_equal(fd, -1);
    unit_check_error(&err, SSA_CONFIG, mention, path);
}

static void a_folder_that_others_write_to_is_not_ours(void **state)
{
    (void)state;
    folder("a", 0700, NULL);
    folder("a", 0755, NULL);
    folder("a", 0500, NULL);
    folder("a", 0770, "can be written to by others");
    folder("a", 0775, "can be written to by others");
    folder("a", 0702, "can be written to by others");
    folder("a", 01777, "can be written to by others");
    folder("a", 0700, NULL);
}

static void what_mends_it_is_said(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    char expected[256];
    assert_int_equal(mkdir(unit_path("b"), 0700), 0);
    assert_int_equal(chmod(unit_path("b"), 0777), 0);
    assert_int_equal(owner_open_folder(unit_path("b"), &err), -1);
    assert_true(text_format(expected, sizeof expected, "`chmod go-w %s`", unit_path("b")));
    assert_non_null(strstr(err.hint, expected));
    assert_string_equal(err.subject, unit_path("b"));
}

static void another_s_is_not_ours(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    if (geteuid() != 0) {
        // Root's folders are believed: only root has written there.
        const int fd = owner_open_folder("/usr", &err);
        assert_true(fd >= 0);
        (void)close(fd);
        return;
    }
    assert_int_equal(mkdir(unit_path("c"), 0700), 0);
    assert_int_equal(chown(unit_path("c"), 4711, 4711), 0);
    assert_int_equal(owner_open_folder(unit_path("c"), &err), -1);
    unit_check_error(&err, SSA_CONFIG, "belongs to another user (uid 4711)", "c");
    assert_non_null(strstr(err.hint, "chown 0 "));
}

static void who_may_give_access_is_said(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    char expected[256];
    assert_int_equal(mkdir(unit_path("d"), 0700), 0);
    assert_false(owner_hint_denied(unit_path("d"), &err));
    assert_true(text_format(expected, sizeof expected, "`chmod u+rwx %s`", unit_path("d")));
    assert_non_null(strstr(err.hint, expected));
    if (geteuid() == 0) {
        assert_int_equal(chown(unit_path("d"), 4711, 4711), 0);
        assert_false(owner_hint_denied(unit_path("d"), &err));
        assert_non_null(strstr(err.hint, "It belongs to uid 4711. If its content is yours, run `sudo chown -R 0 "));
    } else {
        assert_false(owner_hint_denied("/root", &err));
        assert_non_null(strstr(err.hint, "It belongs to uid 0. If its content is yours, run `sudo chown -R "));
    }
}

static void one_that_is_not_there_is_told_apart(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    errno = 0;
    assert_int_equal(owner_open_folder(unit_path("none"), &err), -1);
    assert_int_equal(errno, ENOENT);
    (void)unit_write("file", "x", 0600);
    assert_int_equal(owner_open_folder(unit_path("file"), &err), -1);
    assert_int_equal(errno, ENOTDIR);
}

static bool ours(const char *path, struct ssa_error *err)
{
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    const bool is = owner_check_file(fd, path, err);
    (void)close(fd);
    return is;
}

static void a_file_has_one_name_and_one_writer(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    const char *path = unit_write("f", "x", 0644);
    SUCCEEDS(ours(path, &err));
    assert_int_equal(chmod(path, 0664), 0);
    FAILS(ours(path, &err), SSA_CONFIG, "can be written to by others");
    assert_int_equal(chmod(path, 0646), 0);
    FAILS(ours(path, &err), SSA_CONFIG, "can be written to by others");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(link(path, unit_path("g")), 0);
    FAILS(ours(path, &err), SSA_CONFIG, "second name");
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    SUCCEEDS(owner_check_linked_file(fd, path, &err));
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(unit_path("g")), 0);
    SUCCEEDS(ours(path, &err));
}

static void what_is_no_file_is_not_waited_for(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    assert_int_equal(mkfifo(unit_path("pipe"), 0600), 0);
    FAILS(ours(unit_path("pipe"), &err), SSA_CONFIG, "is not a regular file");
    FAILS(ours(unit_in, &err), SSA_CONFIG, "is not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_that_others_write_to_is_not_ours),
        cmocka_unit_test(what_mends_it_is_said),
        cmocka_unit_test(another_s_is_not_ours),
        cmocka_unit_test(who_may_give_access_is_said),
        cmocka_unit_test(one_that_is_not_there_is_told_apart),
        cmocka_unit_test(a_file_has_one_name_and_one_writer),
        cmocka_unit_test(what_is_no_file_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
