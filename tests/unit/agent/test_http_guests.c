// The callers of facade and broker, as the server sees them: their file, how often they may ask, and whose host it is.
#include "core/unit.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "agent/http/guest.h"
#include "agent/http/guests.h"
#include "agent/http/host.h"

static unsigned told;

static void hear(void *context, enum ssa_level level, const char *line)
{
    (void)context;
    (void)level;
    assert_non_null(strstr(line, "until it is mended, no caller may ask"));
    told++;
}

static struct guests *open_at(const char *path)
{
    struct ssa_error err;
    struct guests *guests = guests_open(path, hear, NULL, &err);
    assert_non_null(guests);
    return guests;
}

static void add(const char *path, const char *name, const char *san)
{
    struct ssa_error err;
    struct caller_entry wanted = {.scope = "data:read"}, made;
    (void)snprintf(wanted.name, sizeof wanted.name, "%s", name);
    (void)snprintf(wanted.san, sizeof wanted.san, "%s", san);
    assert_true(callers_add(path, &wanted, &made, NULL, &err));
}

static bool knows(struct guests *guests, const char *san)
{
    struct caller_entry entry = {0};
    return guests_by_san(guests, span_text(san), &entry);
}

static void test_the_file_is_read_again(void **state)
{
    const char *path = unit_path("again.json");
    struct guests *guests = open_at(path);
    (void)state;
    assert_false(knows(guests, "a.example"));
    add(path, "a", "a.example");
    assert_true(knows(guests, "a.example"));
    assert_true(knows(guests, "A.Example"));
    assert_false(knows(guests, "a.example."));
    add(path, "uri", "spiffe://x/Y");
    assert_true(knows(guests, "spiffe://x/Y"));
    assert_false(knows(guests, "spiffe://x/y"));
    assert_true(callers_remove(path, "a", ERROR_IGNORED));
    assert_false(knows(guests, "a.example"));
    guests_close(guests);
}

static void test_a_lack_of_descriptors_is_not_taken_for_a_bad_file(void **state)
{
    const char *path = unit_path("lack.json");
    struct rlimit limit;
    (void)state;
    add(path, "a", "a.example");
    struct guests *guests = open_at(path);
    assert_true(knows(guests, "a.example"));
    add(path, "b", "b.example");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {.rlim_max = limit.rlim_max};
    told = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const bool before = knows(guests, "b.example"), again = knows(guests, "b.example");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_false(before || again);
    assert_int_equal(told, 1);
    // The file is as it was.
    assert_true(knows(guests, "b.example"));
    guests_close(guests);
}

static void test_one_that_is_not_ours_lets_nobody_in(void **state)
{
    const char *path = unit_path("shared.json");
    (void)state;
    add(path, "a", "a.example");
    struct guests *guests = open_at(path);
    assert_true(knows(guests, "a.example"));
    assert_int_equal(chmod(path, 0666), 0);
    told = 0;
    assert_false(knows(guests, "a.example"));
    assert_false(knows(guests, "a.example"));
    assert_int_equal(told, 1);
    assert_int_equal(chmod(path, 0644), 0);
    assert_true(knows(guests, "a.example"));
    guests_close(guests);
    // Who could read it still can.
    struct stat about;
    add(path, "b", "b.example");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0644);
}

static void test_each_has_a_count_of_its_own(void **state)
{
    long long wait_ms = 0;
    struct guests *guests = open_at(NULL);
    (void)state;
    for (int i = 0; i < GUEST_WRONG_MAX; i++)
        assert_true(guests_allow(guests, "a", GUEST_WRONG, 1000 + i, &wait_ms));
    assert_false(guests_allow(guests, "a", GUEST_WRONG, 1000 + GUEST_WRONG_MAX, &wait_ms));
    assert_int_equal(wait_ms, GUEST_PERIOD_MS - GUEST_WRONG_MAX);
    assert_true(guests_allow(guests, "a", GUEST_REQUESTS, 1010, &wait_ms));
    assert_true(guests_allow(guests, "a", GUEST_FORCED, 1010, &wait_ms));
    assert_true(guests_allow(guests, "a", GUEST_FORCED, 1010, &wait_ms));
    assert_false(guests_allow(guests, "a", GUEST_FORCED, 1010, &wait_ms));
    assert_true(guests_allow(guests, NULL, GUEST_WRONG, 1010, &wait_ms));
    assert_true(guests_allow(guests, "a", GUEST_WRONG, 1000 + GUEST_PERIOD_MS, &wait_ms));
    guests_close(guests);
}

static void test_counts_outlive_more_callers_than_there_are_places(void **state)
{
    const char *path = unit_path("many.json");
    long long wait_ms = 0;
    char name[32];
    (void)state;
    add(path, "stays", "stays.example");
    struct guests *guests = open_at(path);
    assert_true(knows(guests, "stays.example"));
    for (int i = 0; i < GUEST_WRONG_MAX; i++)
        assert_true(guests_allow(guests, "stays", GUEST_WRONG, 1000, &wait_ms));
    for (int i = 0; i < 2 * CALLERS_MAX; i++) {
        (void)snprintf(name, sizeof name, "gone-%d", i);
        assert_true(guests_allow(guests, name, GUEST_REQUESTS, 1000, &wait_ms));
    }
    assert_false(guests_allow(guests, "stays", GUEST_WRONG, 1000, &wait_ms));
    guests_close(guests);
}

static void test_hosts(void **state)
{
    static const char *const own[] = {"localhost:8091",   "LOCALHOST:8091", "127.0.0.1:8091",
                                      "127.255.0.9:8091", "[::1]:8091",     "[0:0:0:0:0:0:0:1]:8091"};
    static const char *const others[] = {"",
                                         ":8091",
                                         "localhost",
                                         "localhost:",
                                         "localhost:8092",
                                         "localhost:80910",
                                         "localhost:8091.",
                                         "localhost.:8091",
                                         "127.0.0.1",
                                         "128.0.0.1:8091",
                                         "[::1]",
                                         "[::1",
                                         "::1:8091",
                                         "[::2]:8091",
                                         "[127.0.0.1]:8091",
                                         "[localhost]:8091",
                                         "a@localhost:8091",
                                         "127.1:8091",
                                         "localhost:8091:8091",
                                         "0x7f.0.0.1:8091",
                                         "[::ffff:127.0.0.1]:8091",
                                         "localhost:+8091",
                                         "localhost :8091"};
    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        assert_true(host_is_loopback(own[i], 8091));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(host_is_loopback(others[i], 8091));
    assert_true(host_is_loopback("localhost", 80));
    assert_true(host_is_loopback("[::1]", 80));
    assert_false(host_is_loopback("localhost", 8080));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_file_is_read_again),
        cmocka_unit_test(test_a_lack_of_descriptors_is_not_taken_for_a_bad_file),
        cmocka_unit_test(test_one_that_is_not_ours_lets_nobody_in),
        cmocka_unit_test(test_each_has_a_count_of_its_own),
        cmocka_unit_test(test_counts_outlive_more_callers_than_there_are_places),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
