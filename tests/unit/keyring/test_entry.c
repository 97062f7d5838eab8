// What the keyring has for an access token: written, read, and refused where it is anything else.
#include "core/unit.h"

#include "core/text.h"
#include "keyring/entry.h"

static const struct keyring_time end = {.date = 1700003600, .running = 5000};
static struct ssa_error err;

static struct keyring_entry example(void)
{
    return (struct keyring_entry){
        .identity = span_text("whose"), .answer = span_text("{\"access_token\":\"a\"}"), .end = end};
}

static void write(struct secret *out)
{
    const struct keyring_entry entry = example();
    SUCCEEDS(secret_new(out, KEYRING_BYTES_MAX, &err));
    assert_true(keyring_entry_write(&entry, out));
}

static void is_read_as_it_was_written(void **state)
{
    (void)state;
    SECRET_AUTO bytes = {0};
    struct keyring_entry entry;
    write(&bytes);
    assert_true(keyring_entry_read(secret_span(&bytes), &entry));
    assert_true(span_is(entry.identity, "whose"));
    assert_true(span_is(entry.answer, "{\"access_token\":\"a\"}"));
    assert_int_equal(entry.end.date, end.date);
    assert_int_equal(entry.end.running, end.running);
}

static void a_part_of_it_is_refused(void **state)
{
    (void)state;
    SECRET_AUTO bytes = {0};
    struct keyring_entry entry;
    write(&bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_false(keyring_entry_read(span_of(bytes.data, len), &entry));
    assert_true(secret_append(&bytes, span_of("\0\0\0\0\0\0\0", 8)));
    assert_false(keyring_entry_read(secret_span(&bytes), &entry));
}

static void another_mark_is_refused(void **state)
{
    (void)state;
    SECRET_AUTO bytes = {0};
    struct keyring_entry entry;
    write(&bytes);
    bytes.data[8]++;
    assert_false(keyring_entry_read(secret_span(&bytes), &entry));
}

static void one_that_is_too_long_is_not_written(void **state)
{
    (void)state;
    SECRET_AUTO bytes = {0}, answer = {0};
    struct keyring_entry entry = example();
    SUCCEEDS(secret_new(&bytes, KEYRING_BYTES_MAX, &err));
    SUCCEEDS(secret_new(&answer, KEYRING_BYTES_MAX, &err));
    memset(answer.data, 'x', answer.capacity);
    answer.len = answer.capacity;
    entry.answer = secret_span(&answer);
    assert_false(keyring_entry_write(&entry, &bytes));
    assert_int_equal(bytes.len, 0);
    for (size_t i = 0; i < bytes.capacity; i++)
        assert_int_equal(bytes.data[i], 0);
    // The most that fits is written: all else takes less than 100 bytes.
    entry.answer = span_of(answer.data, KEYRING_BYTES_MAX - 100);
    assert_true(keyring_entry_write(&entry, &bytes));
}

static unsigned left(long long date, long long running)
{
    const struct keyring_entry entry = example();
    return keyring_entry_left(&entry, (struct keyring_time){.date = date, .running = running});
}

static void both_clocks_say_how_long_it_is_valid(void **state)
{
    (void)state;
    assert_int_equal(left(end.date - 100, end.running - 100), 100);
    assert_int_equal(left(end.date - 100, end.running - 7), 7);
    assert_int_equal(left(end.date - 7, end.running - 100), 7);
    assert_int_equal(left(end.date, end.running - 100), 0);
    assert_int_equal(left(end.date - 100, end.running + 1), 0);
    // The date was set back by a year.
    assert_int_equal(left(end.date - 31536000, end.running - 100), 100);
    assert_int_equal(left(0, 0), 5000);
}

static void a_time_that_is_too_long_is_not_believed(void **state)
{
    (void)state;
    struct keyring_entry entry = example();
    entry.end.date = entry.end.running = INT64_MAX;
    assert_int_equal(keyring_entry_left(&entry, (struct keyring_time){.date = 1700000000, .running = 1}), 0);
    const struct keyring_time day_before = {.date = INT64_MAX - KEYRING_SECONDS_MAX,
                                            .running = INT64_MAX - KEYRING_SECONDS_MAX};
    assert_int_equal(keyring_entry_left(&entry, day_before), KEYRING_SECONDS_MAX);
}

static void the_name_is_of_the_identity(void **state)
{
    (void)state;
    char name[KEYRING_NAME_MAX], other[KEYRING_NAME_MAX];
    // The test vectors of FNV-1a.
    keyring_entry_name(span_text(""), name);
    assert_string_equal(name, "ssa-hsm:access-token:cbf29ce484222325");
    keyring_entry_name(span_text("foobar"), name);
    assert_string_equal(name, "ssa-hsm:access-token:85944171f73967e8");
    keyring_entry_name(span_text("foobaz"), other);
    assert_string_not_equal(name, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_as_it_was_written),
        cmocka_unit_test(a_part_of_it_is_refused),
        cmocka_unit_test(another_mark_is_refused),
        cmocka_unit_test(one_that_is_too_long_is_not_written),
        cmocka_unit_test(both_clocks_say_how_long_it_is_valid),
        cmocka_unit_test(a_time_that_is_too_long_is_not_believed),
        cmocka_unit_test(the_name_is_of_the_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
