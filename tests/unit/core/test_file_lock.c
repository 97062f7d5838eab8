// Waiting for a lock that another descriptor has.
#include "core/unit.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "core/file_lock.h"
#include "core/monotonic.h"

static bool stops(void *context)
{
    return ++*(unsigned *)context > 3;
}

static int open_one(void)
{
    const int fd = open(unit_path("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static void a_free_lock_is_taken_at_once(void **state)
{
    (void)state;
    const struct ssa_callbacks nobody = {0};
    const struct lock_patience none = {.callbacks = &nobody};
    const int a = open_one(), b = open_one();
    assert_int_equal(file_lock(a, &none), LOCK_TAKEN);
    assert_int_equal(file_lock(b, &none), LOCK_BUSY);
    file_unlock(a);
    assert_int_equal(file_lock(b, &none), LOCK_TAKEN);
    assert_int_equal(close(a) + close(b), 0);
}

static void waiting_ends_with_patience_and_with_the_person(void **state)
{
    (void)state;
    unsigned asked = 0;
    const struct ssa_callbacks nobody = {0}, person = {.context = &asked, .interrupted = stops};
    const struct lock_patience brief = {.callbacks = &nobody, .most_ms = 30};
    const struct lock_patience patient = {.callbacks = &person, .most_ms = 60000};
    const int a = open_one(), b = open_one();
    assert_int_equal(file_lock(a, &brief), LOCK_TAKEN);
    const long long began = monotonic_ms();
    assert_int_equal(file_lock(b, &brief), LOCK_BUSY);
    assert_true(monotonic_ms() - began >= 30);
    assert_int_equal(file_lock(b, &patient), LOCK_BUSY);
    assert_int_equal(asked, 4);
    assert_int_equal(close(a) + close(b), 0);
}

static void one_holder_is_waited_for_as_long_as_holder_ms(void **state)
{
    (void)state;
    const struct ssa_callbacks nobody = {0};
    const struct lock_patience turn = {.callbacks = &nobody, .most_ms = 60000, .holder_ms = 30};
    const int a = open_one(), b = open_one();
    const struct timespec old[] = {{.tv_sec = 1}, {.tv_sec = 1}};
    struct stat about;
    assert_int_equal(futimens(a, old), 0);
    assert_int_equal(file_lock(a, &turn), LOCK_TAKEN);
    // Who takes it leaves the time.
    assert_int_equal(fstat(a, &about), 0);
    assert_true(about.st_mtim.tv_sec > 1);
    assert_int_equal(file_lock(b, &turn), LOCK_BUSY);
    assert_int_equal(close(a) + close(b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_lock_is_taken_at_once),
        cmocka_unit_test(waiting_ends_with_patience_and_with_the_person),
        cmocka_unit_test(one_holder_is_waited_for_as_long_as_holder_ms),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
