// A file that is replaced, written to, removed or made readable is noticed, and one that is only read is not.
#include "core/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/file_mark.h"

static const struct file_mark none;

static struct file_mark mark(const char *name)
{
    struct file_mark found;
    assert_true(file_mark_path(unit_path(name), &found));
    return found;
}

// The clock of the file system goes in steps. Waits for the next one.
static void next_tick(void)
{
    (void)unit_write("tick", "a", 0600);
    const struct file_mark before = mark("tick");
    struct file_mark now = before;
    while (now.changed.tv_sec == before.changed.tv_sec && now.changed.tv_nsec == before.changed.tv_nsec) {
        assert_int_equal(chmod(unit_path("tick"), 0600), 0);
        now = mark("tick");
    }
}

static void write_here(const char *name, const char *text, const struct timespec *written)
{
    const int fd = open(unit_path(name), O_WRONLY | O_TRUNC | O_CLOEXEC);
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, *written};
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(futimens(fd, times), 0);
    assert_int_equal(close(fd), 0);
}

static void one_that_is_only_read_is_the_same(void **state)
{
    (void)state;
    char text[8];
    (void)unit_write("read", "one", 0600);
    const struct file_mark before = mark("read");
    next_tick();
    const int fd = open(unit_path("read"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof text), 3);
    assert_int_equal(close(fd), 0);
    const struct file_mark now = mark("read");
    assert_true(file_mark_same(&before, &now));
}

static void one_that_was_replaced_is_another(void **state)
{
    (void)state;
    (void)unit_write("replaced", "one", 0600);
    const struct file_mark before = mark("replaced");
    (void)unit_write("new", "two", 0600);
    const struct timespec times[] = {before.written, before.written};
    assert_int_equal(utimensat(AT_FDCWD, unit_path("new"), times, 0), 0);
    assert_int_equal(rename(unit_path("new"), unit_path("replaced")), 0);
    const struct file_mark now = mark("replaced");
    assert_false(file_mark_same(&before, &now));
}

// As rsync and cp do where they keep the times: the same inode, the same length, the same time of the last writing.
static void one_that_was_written_to_is_another_whatever_its_time_says(void **state)
{
    (void)state;
    (void)unit_write("written", "one", 0600);
    const struct file_mark before = mark("written");
    next_tick();
    write_here("written", "two", &before.written);
    const struct file_mark now = mark("written");
    assert_int_equal(now.inode, before.inode);
    assert_int_equal(now.size, before.size);
    assert_int_equal(now.written.tv_nsec, before.written.tv_nsec);
    assert_false(file_mark_same(&before, &now));
}

static void each_part_of_the_mark_counts(void **state)
{
    (void)state;
    const struct stat about = {.st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = {4, 5}, .st_ctim = {6, 7}};
    const struct file_mark before = file_mark_of(&about);
    struct stat others[7];
    for (size_t i = 0; i < 7; i++)
        others[i] = about;
    others[0].st_dev++;
    others[1].st_ino++;
    others[2].st_size++;
    others[3].st_mtim.tv_sec++;
    others[4].st_mtim.tv_nsec++;
    others[5].st_ctim.tv_sec++;
    others[6].st_ctim.tv_nsec++;
    for (size_t i = 0; i < 7; i++) {
        const struct file_mark now = file_mark_of(&others[i]);
        assert_false(file_mark_same(&before, &now));
    }
}

static void one_that_may_be_read_now_is_looked_at_again(void **state)
{
    (void)state;
    (void)unit_write("mode", "one", 0);
    const struct file_mark before = mark("mode");
    next_tick();
    assert_int_equal(chmod(unit_path("mode"), 0600), 0);
    const struct file_mark now = mark("mode");
    assert_false(file_mark_same(&before, &now));
}

static void none_is_another_than_any(void **state)
{
    (void)state;
    struct file_mark gone;
    const char *path = unit_write("gone", "", 0600);
    const struct file_mark before = mark("gone");
    assert_false(file_mark_same(&before, &none));
    assert_int_equal(unlink(path), 0);
    assert_false(file_mark_path(path, &gone));
    assert_true(file_mark_same(&gone, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_only_read_is_the_same),
        cmocka_unit_test(one_that_was_replaced_is_another),
        cmocka_unit_test(one_that_was_written_to_is_another_whatever_its_time_says),
        cmocka_unit_test(each_part_of_the_mark_counts),
        cmocka_unit_test(one_that_may_be_read_now_is_looked_at_again),
        cmocka_unit_test(none_is_another_than_any),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
