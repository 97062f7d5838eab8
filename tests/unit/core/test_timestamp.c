// The API's points in time: both forms, offsets, and nothing that only looks like one.
#include "core/unit.h"

#include <string.h>

#include "core/timestamp.h"

static void reads(const char *text, time_t expected)
{
    time_t seconds = -1;
    if (!timestamp_read(span_text(text), &seconds))
        fail_msg("\"%s\" was not read", text);
    if (seconds != expected)
        fail_msg("\"%s\" is %lld instead of %lld", text, (long long)seconds, (long long)expected);
}

static void both_forms_of_the_api_are_the_same_second(void **state)
{
    (void)state;
    reads("2024-01-25T03:08:04.156Z", 1706152084);
    reads("2024-01-25T03:08:04Z", 1706152084);
    reads("2024-01-25T03:08:04", 1706152084);
    reads("2024-01-25 03:08:04.156576834 +0000 UTC", 1706152084);
    reads("2024-01-25 03:08:04 +0000 UTC", 1706152084);
    reads("2024-01-25T03:08:04.999999999Z", 1706152084);
    reads("1970-01-01T00:00:00Z", 0);
    reads("2024-02-29T12:00:00Z", 1709208000);
    reads("9999-12-31T23:59:59Z", 253402300799);
    reads("1969-12-31T23:59:59Z", -1);
    reads("1601-01-01T00:00:00Z", -11644473600);
    reads("0000-01-01T00:00:00Z", -62167219200);
    reads("0001-01-01 00:00:00 +0000 UTC", -62135596800);
}

static void an_offset_is_taken_off(void **state)
{
    (void)state;
    reads("2024-01-25T04:08:04+01:00", 1706152084);
    reads("2024-01-24T21:38:04-05:30", 1706152084);
    reads("2024-01-25T04:08:04.1+0100", 1706152084);
    reads("2024-01-25T03:08:04-00:00", 1706152084);
    reads("2024-01-25 04:08:04.5 +0100 CET", 1706152084);
}

static void garbage_is_no_time(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "now",
        "1706152084",
        "2024-01-25",
        "2024-01-25T",
        "2024-01-25T03:08",
        "2024-13-25T03:08:04Z",
        "2024-01-32T03:08:04Z",
        "2024-01-25T24:08:04Z",
        "2024-01-25T03:60:04Z",
        "2024-01-25x03:08:04Z",
        "2024-01-25T03:08:04x",
        "2024-01-25T03:08:04+",
        "2024-01-25T03:08:04+1",
        "2024-01-25T03:08:04+xx:yy",
        "10000-01-01T00:00:00Z",
        "292277026597-01-01T00:00:00Z",
        "-2024-01-25T03:08:04Z",
        "1706152084.5",
        "-1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        time_t seconds = 7;
        if (timestamp_read(span_text(texts[i]), &seconds))
            fail_msg("\"%s\" was read as %lld", texts[i], (long long)seconds);
        assert_int_equal(seconds, 7);
    }
}

static void what_goes_on_behind_a_time_is_no_time(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "2024-01-25T03:08:04Zx",       "2024-01-25T03:08:04+00:00x", "2024-01-25T03:08:04+00:000",
        "2024-01-25T03:08:04+99:99",   "2024-01-25T03:08:04+-1:-1",  "2024-01-25T03:08:04+ 1: 1",
        "2024-01-25T03:08:04Z2024-01", "2024-02-31T03:08:04Z",       "2023-02-29T03:08:04Z",
    };
    char wrong[1024] = "";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        time_t seconds;
        if (timestamp_read(span_text(texts[i]), &seconds))
            (void)strncat(strncat(wrong, texts[i], 64), " | ", 4);
    }
    assert_string_equal(wrong, "");
}

static void any_bytes_can_be_asked_about(void **state)
{
    (void)state;
    char many[200];
    time_t seconds;
    memset(many, '2', sizeof many);
    assert_false(timestamp_read(span_of(many, sizeof many), &seconds));
    assert_false(timestamp_read(span_of("2024-01-25T03:08:04Z\0Z", 22), &seconds));
    // What JSON's null has for a text.
    assert_false(timestamp_read(span_of(NULL, 0), &seconds));
    // Not NUL-terminated.
    assert_true(timestamp_read(span_of("2024-01-25T03:08:04Z99", 20), &seconds));
    assert_int_equal(seconds, 1706152084);
}

static void a_time_is_written_in_utc(void **state)
{
    (void)state;
    static const struct {
        time_t seconds;
        const char *text;
    } times[] = {{1706152084, "2024-01-25T03:08:04Z"},
                 {0, "1970-01-01T00:00:00Z"},
                 {-1, "1969-12-31T23:59:59Z"},
                 {253402300799, "9999-12-31T23:59:59Z"}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[TIMESTAMP_TEXT_MAX];
        assert_true(timestamp_write(times[i].seconds, text));
        assert_string_equal(text, times[i].text);
    }
    char text[TIMESTAMP_TEXT_MAX];
    assert_false(timestamp_write(253402300800, text));
    assert_false(timestamp_write(0x7fffffffffffffff, text));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_of_the_api_are_the_same_second),
        cmocka_unit_test(an_offset_is_taken_off),
        cmocka_unit_test(garbage_is_no_time),
        cmocka_unit_test(what_goes_on_behind_a_time_is_no_time),
        cmocka_unit_test(any_bytes_can_be_asked_about),
        cmocka_unit_test(a_time_is_written_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
