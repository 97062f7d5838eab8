// What outlives an agent of its budgets: the record, and the file that it is in.
#include "core/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/cache/schedule.h"
#include "agent/service/budget_file.h"

static const struct oauth_limits nothing = {.remaining = -1, .retry_after = -1};
static const struct budget_boot this_boot = {"one\n"}, other_boot = {"another\n"};
static char name[FINGERPRINT_TEXT];

static void request(struct budget *budget, const struct oauth_limits *told, long long now)
{
    budget_take(budget);
    budget_end(budget, 1, told, now, 0);
}

static const char *path(void)
{
    return unit_path("requests");
}

static void keep(struct budget_file *file, const char *of, const struct budget *budget, long long now)
{
    struct budget_record record;
    budget_record_make(budget, of, &file->boot, &record);
    budget_file_write(file, budget_file_keep(file, &record, now));
}

// An agent that is killed with these requests.
static void agent_dies(const struct budget *budget, const struct budget_boot *boot, long long now)
{
    struct budget_file file;
    budget_file_open(&file, unit_in, NULL, boot, now);
    keep(&file, name, budget, now);
    if (file.fd >= 0)
        (void)close(file.fd);
}

// What the next one knows.
static struct budget agent_starts(const struct budget_boot *boot, long long now)
{
    struct budget_file file;
    struct budget budget = {0};
    budget_file_open(&file, unit_in, NULL, boot, now);
    const struct budget_record *record = budget_file_find(&file, name);
    if (record != NULL)
        budget_resume(&budget, record, now);
    if (file.fd >= 0)
        (void)close(file.fd);
    return budget;
}

static struct budget used_up(long long from)
{
    struct budget budget = {0};
    // More than a record has room for.
    for (unsigned i = 0; i < 13; i++)
        request(&budget, &nothing, from + (i < 3 ? i : i + 100000));
    return budget;
}

static int set_up(void **state)
{
    budget_name("https://api.example.com", "an-id", name);
    return unit_folder(state);
}

static void the_name_tells_id_and_address_apart(void **state)
{
    (void)state;
    char other[FINGERPRINT_TEXT];
    budget_name("https://api.example.com", "an-id", name);
    assert_int_equal(strlen(name), FINGERPRINT_TEXT - 1);
    assert_null(strstr(name, "an-id"));
    budget_name("https://api.example.com", "another", other);
    assert_string_not_equal(name, other);
    budget_name("https://other.example.com", "an-id", other);
    assert_string_not_equal(name, other);
}

static void the_next_agent_goes_on(void **state)
{
    (void)state;
    struct stat about;
    struct budget budget = used_up(1000);
    const long long last = 1000 + 100012;
    agent_dies(&budget, &this_boot, last);
    assert_int_equal(stat(path(), &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    for (long long now = last; now < last + 70000; now += 501) {
        struct budget next = agent_starts(&this_boot, now);
        assert_int_equal(budget_left(&next, now), budget_left(&budget, now));
        assert_int_equal(budget_delay(&next, 1, now), budget_delay(&budget, 1, now));
    }
}

static void a_file_that_was_removed_is_made_again(void **state)
{
    (void)state;
    struct budget_file file;
    struct budget one = used_up(1000), two = {0};
    const long long now = 110000;
    char other[FINGERPRINT_TEXT];
    budget_name("https://api.example.com", "another", other);
    budget_file_open(&file, unit_in, NULL, &this_boot, now);
    keep(&file, name, &one, now);
    assert_int_equal(unlink(path()), 0);
    request(&two, &nothing, now);
    keep(&file, other, &two, now);
    (void)close(file.fd);
    struct budget next = agent_starts(&this_boot, now);
    assert_int_equal(budget_left(&next, now), 0);
    budget_file_open(&file, unit_in, NULL, &this_boot, now);
    assert_non_null(budget_file_find(&file, other));
    (void)close(file.fd);
}

static void what_was_in_flight_may_have_been_sent(void **state)
{
    (void)state;
    struct budget budget = {0};
    for (unsigned i = 0; i < 7; i++)
        request(&budget, &nothing, 1000);
    for (unsigned i = 0; i < 3; i++)
        budget_take(&budget);
    agent_dies(&budget, &this_boot, 2000);
    struct budget next = agent_starts(&this_boot, 50000);
    assert_int_equal(budget_left(&next, 50000), 0);
    // The others are over then.
    assert_int_equal(budget_left(&next, 61000), 7);
    assert_int_equal(budget_left(&next, 109999), 7);
    assert_int_equal(budget_left(&next, 110000), 10);
}

static void what_the_api_has_told_lasts(void **state)
{
    (void)state;
    struct budget budget = {0};
    request(&budget, &(struct oauth_limits){.limited = true, .remaining = -1, .retry_after = 300}, 1000);
    agent_dies(&budget, &this_boot, 1000);
    struct budget next = agent_starts(&this_boot, 2000);
    assert_int_equal(budget_delay(&next, 1, 2000), 299000);
    assert_int_equal(next.refusals, 1);
    budget = (struct budget){0};
    request(&budget, &(struct oauth_limits){.value = 3, .remaining = 1, .retry_after = -1}, 1000);
    agent_dies(&budget, &this_boot, 1000);
    next = agent_starts(&this_boot, 2000);
    assert_int_equal(budget_left(&next, 2000), 1);
    assert_int_equal(budget_left(&next, 61000), 3);
}

static void another_boot_counts_anew(void **state)
{
    (void)state;
    struct budget budget = used_up(1000);
    const long long now = 110000;
    agent_dies(&budget, &this_boot, now);
    struct budget next = agent_starts(&other_boot, now);
    assert_int_equal(budget_left(&next, now), 10);
    // Times that are not there yet are of another clock.
    next = agent_starts(&this_boot, 100000);
    assert_int_equal(budget_left(&next, 100000), 10);
}

static void one_that_does_not_know_its_boot_keeps_nothing(void **state)
{
    (void)state;
    static const struct budget_boot unknown = {0};
    struct budget budget = used_up(1000);
    agent_dies(&budget, &unknown, 110000);
    assert_int_equal(access(path(), F_OK), -1);
    agent_dies(&budget, &this_boot, 110000);
    struct budget next = agent_starts(&unknown, 110000);
    assert_int_equal(budget_left(&next, 110000), 10);
}

static void this_boot_has_an_id(void **state)
{
    (void)state;
    const struct budget_boot one = budget_boot_now(), two = budget_boot_now();
    assert_true(strlen(one.id) > 30);
    assert_memory_equal(&one, &two, sizeof one);
}

static void a_damaged_file_says_nothing(void **state)
{
    (void)state;
    struct budget budget = used_up(1000);
    const long long now = 110000;
    // Each byte of the record in turn.
    for (off_t at = 0; at < (off_t)sizeof(struct budget_record); at++) {
        agent_dies(&budget, &this_boot, now);
        const int fd = open(path(), O_RDWR);
        unsigned char byte = 0;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x20;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        (void)close(fd);
        struct budget next = agent_starts(&this_boot, now);
        assert_int_equal(budget_left(&next, now), 10);
    }
    // Cut off at any place, it is not read beyond that.
    agent_dies(&budget, &this_boot, now);
    for (off_t len = (off_t)sizeof(struct budget_record) - 1; len >= 0; len -= 5) {
        assert_int_equal(truncate(path(), len), 0);
        struct budget next = agent_starts(&this_boot, now);
        assert_int_equal(budget_left(&next, now), 10);
    }
    // The next request mends it.
    agent_dies(&budget, &this_boot, now);
    struct budget next = agent_starts(&this_boot, now);
    assert_int_equal(budget_left(&next, now), 0);
}

// One that is whole, and says what cannot be.
static void the_impossible_is_not_believed(void **state)
{
    (void)state;
    const long long now = 200000;
    struct budget_record record;
    const struct budget impossible[] = {
        {.pace = {.at = {5, 4}, .count = 2}},
        {.pace = {.at = {-1}, .count = 1}},
        {.pace = {.at = {now + 1}, .count = 1}},
        {.pace = {.limit = -1}},
        {.others = 1, .others_until = now + PACE_MINUTE_MS + 1},
        {.others_until = INT64_MIN},
        {.shut_until = now + LIMITED_TOLD_MS + 1},
        {.shut_until = INT64_MIN},
    };
    const struct budget possible = used_up(1000);
    budget_record_make(&possible, name, &this_boot, &record);
    assert_true(budget_record_is_good(&record, &this_boot, now));
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        budget_record_make(&impossible[i], name, &this_boot, &record);
        assert_false(budget_record_is_good(&record, &this_boot, now));
    }
    budget_record_make(&possible, "", &this_boot, &record);
    assert_false(budget_record_is_good(&record, &this_boot, now));
}

static void what_is_not_ours_is_neither_read_nor_written(void **state)
{
    (void)state;
    struct budget budget = used_up(1000);
    const long long now = 110000;
    struct stat about;
    agent_dies(&budget, &this_boot, now);
    // Somebody else could have written there.
    assert_int_equal(chmod(path(), 0620), 0);
    struct budget next = agent_starts(&this_boot, now);
    assert_int_equal(budget_left(&next, now), 10);
    assert_int_equal(chmod(path(), 0600), 0);
    // A second name.
    char second[128];
    (void)snprintf(second, sizeof second, "%s", unit_path("second"));
    assert_int_equal(link(path(), second), 0);
    next = agent_starts(&this_boot, now);
    assert_int_equal(budget_left(&next, now), 10);
    // A link.
    assert_int_equal(unlink(path()), 0);
    assert_int_equal(symlink(second, path()), 0);
    next = agent_starts(&this_boot, now);
    assert_int_equal(budget_left(&next, now), 10);
    assert_int_equal(truncate(second, 0), 0);
    agent_dies(&budget, &this_boot, now);
    assert_int_equal(stat(second, &about), 0);
    assert_int_equal(about.st_size, 0);
    // Nobody has the other end.
    assert_int_equal(unlink(path()), 0);
    assert_int_equal(mkfifo(path(), 0600), 0);
    agent_dies(&budget, &this_boot, now);
    next = agent_starts(&this_boot, now);
    assert_int_equal(budget_left(&next, now), 10);
}

static void without_room_or_folder_it_works_all_the_same(void **state)
{
    (void)state;
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};
    struct budget budget = used_up(1000);
    struct budget_file file;
    const long long now = 110000;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    agent_dies(&budget, &this_boot, now);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &any), 0);
    struct budget next = agent_starts(&this_boot, now);
    assert_int_equal(budget_left(&next, now), 10);
    budget_file_open(&file, "/proc/no-such-folder", "work.sock", &this_boot, now);
    keep(&file, name, &budget, now);
    // This agent goes on with it: a profile may come back to a budget.
    assert_non_null(budget_file_find(&file, name));
    budget_file_close(&file, now);
    budget_file_open(&file, NULL, NULL, &this_boot, now);
    keep(&file, name, &budget, now);
    assert_int_equal(file.fd, -1);
    budget_file_close(&file, now);
}

static void each_budget_has_its_place(void **state)
{
    (void)state;
    struct budget_file file;
    char other[FINGERPRINT_TEXT];
    budget_file_open(&file, unit_in, "work.sock", &this_boot, 1000);
    for (unsigned i = 0; i < 40; i++) {
        struct budget budget = {0};
        (void)snprintf(other, sizeof other, "name %u", i);
        request(&budget, &nothing, 1000 + i);
        keep(&file, other, &budget, 1000 + i);
        keep(&file, other, &budget, 1000 + i);
    }
    (void)close(file.fd);
    budget_file_open(&file, unit_in, "work.sock", &this_boot, 2000);
    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(other, sizeof other, "name %u", i);
        const struct budget_record *record = budget_file_find(&file, other);
        // Those that say something for the shortest time had to go.
        assert_int_equal(record != NULL, i >= 40 - BUDGET_FILE_RECORDS);
        if (record != NULL)
            assert_int_equal(record->at[0], 1000 + i);
    }
    struct stat about;
    assert_int_equal(fstat(file.fd, &about), 0);
    assert_int_equal(about.st_size, sizeof file.records);
    budget_file_close(&file, 2000);
    assert_int_equal(access(unit_path("work.sock.requests"), F_OK), 0);
}

static void what_says_nothing_any_more_is_removed(void **state)
{
    (void)state;
    struct budget_file file, next;
    struct budget budget = used_up(1000);
    const long long last = 1000 + 100012;
    budget_file_open(&file, unit_in, NULL, &this_boot, last);
    keep(&file, name, &budget, last);
    budget_file_close(&file, last + PACE_MINUTE_MS - 1);
    assert_int_equal(access(path(), F_OK), 0);
    budget_file_open(&file, unit_in, NULL, &this_boot, last + PACE_MINUTE_MS);
    // Its successor has begun to write meanwhile.
    budget_file_open(&next, unit_in, NULL, &this_boot, last + PACE_MINUTE_MS);
    request(&budget, &nothing, last + PACE_MINUTE_MS);
    keep(&next, name, &budget, last + PACE_MINUTE_MS);
    budget_file_close(&file, last + PACE_MINUTE_MS + 1);
    assert_int_equal(access(path(), F_OK), 0);
    budget_file_close(&next, last + 2 * PACE_MINUTE_MS);
    assert_int_equal(access(path(), F_OK), -1);
    // A pause that the API has asked for, and that is longer than a minute.
    budget = (struct budget){0};
    request(&budget, &(struct oauth_limits){.limited = true, .remaining = -1, .retry_after = 300}, last);
    budget_file_open(&file, unit_in, NULL, &this_boot, last);
    keep(&file, name, &budget, last);
    budget_file_close(&file, last + 299999);
    assert_int_equal(access(path(), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_tells_id_and_address_apart),
        cmocka_unit_test_setup_teardown(the_next_agent_goes_on, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_file_that_was_removed_is_made_again, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_was_in_flight_may_have_been_sent, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_the_api_has_told_lasts, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(another_boot_counts_anew, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(one_that_does_not_know_its_boot_keeps_nothing, set_up, unit_folder_gone),
        cmocka_unit_test(this_boot_has_an_id),
        cmocka_unit_test_setup_teardown(a_damaged_file_says_nothing, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(the_impossible_is_not_believed, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_is_not_ours_is_neither_read_nor_written, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(without_room_or_folder_it_works_all_the_same, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(each_budget_has_its_place, set_up, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_says_nothing_any_more_is_removed, set_up, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
