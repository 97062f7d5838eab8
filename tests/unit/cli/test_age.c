// Times for people: how long ago, in words, and the local zone; for programs ISO 8601 or null.
#include "core/unit.h"

#include <stdlib.h>
#include <time.h>

#include "cli/output/document.h"
#include "cli/output/table.h"

enum { NOW = 1706152084, MINUTE = 60, HOUR = 3600, DAY = 86400 };

static void an_age_is_in_the_largest_unit_that_there_are_two_of(void **state)
{
    (void)state;
    static const struct {
        long long apart;
        const char *text;
    } ages[] = {{0, "just now"},
                {59, "just now"},
                {60, "1 minute ago"},
                {119, "1 minute ago"},
                {2 * MINUTE, "2 minutes ago"},
                {2 * HOUR - 1, "119 minutes ago"},
                {2 * HOUR, "2 hours ago"},
                {2 * DAY - 1, "47 hours ago"},
                {3 * DAY + HOUR, "3 days ago"},
                {60 * DAY, "60 days ago"},
                {61 * DAY, "2 months ago"},
                {700 * DAY, "22 months ago"},
                {731 * DAY, "2 years ago"},
                {-30, "in a moment"},
                {-90, "in 1 minute"},
                {-3 * DAY, "in 3 days"},
                {-365 * DAY, "in 11 months"}};
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        char text[AGE_TEXT_MAX];
        age_text(NOW - ages[i].apart, NOW, text);
        assert_string_equal(text, ages[i].text);
    }
}

static void a_time_is_of_the_local_zone(void **state)
{
    (void)state;
    char text[WHEN_TEXT_MAX];
    const struct ssa_time time = {.known = true, .seconds = NOW};
    assert_int_equal(setenv("TZ", "JST-9", 1), 0);
    tzset();
    when_text(time, NOW + 3 * DAY, text);
    assert_string_equal(text, "2024-01-25 12:08 (3 days ago)");
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    when_text(time, NOW, text);
    assert_string_equal(text, "2024-01-25 03:08 (just now)");
}

static void a_time_that_is_not_known_is_a_dash(void **state)
{
    (void)state;
    char text[WHEN_TEXT_MAX];
    when_text((struct ssa_time){0}, NOW, text);
    assert_string_equal(text, "-");
    // A year that does not fit the calendar.
    when_text((struct ssa_time){.known = true, .seconds = 0x7fffffffffffffff}, NOW, text);
    assert_string_equal(text, "-");
}

static void programs_get_utc_or_null(void **state)
{
    (void)state;
    struct ssa_error err;
    struct json_writer w;
    SECRET_AUTO out = {0};
    assert_true(secret_new(&out, 1024, &err));
    assert_true(json_begin(&w, &out, false));
    json_open(&w, JSON_OBJECT);
    when_json(&w, "a", (struct ssa_time){.known = true, .seconds = NOW});
    when_json(&w, "b", (struct ssa_time){0});
    when_json(&w, "c", (struct ssa_time){.known = true, .seconds = 0x7fffffffffffffff});
    json_close(&w, JSON_OBJECT);
    assert_true(json_end(&w, &err));
    assert_string_equal(secret_text(&out), "{\"a\":\"2024-01-25T03:08:04Z\",\"b\":null,\"c\":null}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_age_is_in_the_largest_unit_that_there_are_two_of),
        cmocka_unit_test(a_time_is_of_the_local_zone),
        cmocka_unit_test(a_time_that_is_not_known_is_a_dash),
        cmocka_unit_test(programs_get_utc_or_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
