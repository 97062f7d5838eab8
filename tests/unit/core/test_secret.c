// Secret memory: locked, out of core dumps, not inherited, wiped, of a size that never changes.
#include "core/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/mapping.h"
#include "core/read.h"
#include "core/text.h"

static void the_kernel_neither_swaps_nor_dumps_nor_inherits_it(void **state)
{
    (void)state;
    char flags[MAPPING_FLAGS];
    struct ssa_error err;
    SECRET_AUTO s = {0};
    SUCCEEDS(secret_new(&s, 10000, &err));
    assert_true(s.locked);
    SUCCEEDS(secret_must_be_locked(&s, &err));
    for (size_t at = 0; at <= s.capacity; at += 4096) {
        assert_int_not_equal(mapping_at(s.data + at, flags), 0);
        if (UNIT_MLOCK_WORKS)
            assert_non_null(strstr(flags, " lo "));
        assert_non_null(strstr(flags, " dd "));
        assert_non_null(strstr(flags, " wf "));
    }
}

static bool has_zeroes(void *context)
{
    const struct secret *s = context;
    for (size_t i = 0; i < s->mapped; i++)
        if (s->data[i] != 0)
            return false;
    return true;
}

static void a_child_sees_nothing_of_it(void **state)
{
    (void)state;
    SECRET_AUTO s = {0};
    unit_secret(&s, 100, span_text("1234"));
    unit_in_child(has_zeroes, &s);
    assert_string_equal(secret_text(&s), "1234");
}

static bool is_refused_without_lock(void *context)
{
    (void)context;
    const struct rlimit none = {0};
    struct ssa_error err = {0};
    struct secret s;
    char text[4096];
    unit_drop_privileges();
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || !secret_new(&s, 100, &err))
        return false;
    const bool usable = secret_append_text(&s, "1234");
    const bool refused = !secret_must_be_locked(&s, &err);
    ssa_error_text(&err, text, sizeof text);
    const bool told = err.code == SSA_CONFIG && strcmp(err.cause, "RLIMIT_MEMLOCK") == 0 &&
                      strstr(text, "limit 0 bytes") != NULL && err.reason == SSA_REASON_LOCK_LIMIT;
    secret_free(&s);
    return usable && refused && told;
}

static void a_key_is_refused_where_memory_cannot_be_locked(void **state)
{
    (void)state;
    if (!UNIT_MLOCK_WORKS)
        skip();
    unit_in_child(is_refused_without_lock, NULL);
}

static void clearing_wipes_and_freeing_unmaps(void **state)
{
    (void)state;
    SECRET_AUTO s = {0};
    unit_secret(&s, 9000, span_text(""));
    memset(s.data, 0x77, s.capacity + 1);
    s.len = s.capacity;
    secret_clear(&s);
    assert_int_equal(s.len, 0);
    assert_true(has_zeroes(&s));
    assert_true(secret_append_text(&s, "again"));
    uint8_t *where = s.data;
    const size_t mapped = s.mapped;
    secret_free(&s);
    assert_null(s.data);
    assert_int_equal(s.capacity, 0);
    assert_int_equal(msync(where, mapped, MS_ASYNC), -1);
    assert_int_equal(errno, ENOMEM);
    secret_free(&s);
    assert_string_equal(secret_text(&s), "");
}

static void what_fits_is_appended_whole_and_the_rest_not_at_all(void **state)
{
    (void)state;
    SECRET_AUTO s = {0};
    unit_secret(&s, 8, span_text("abc"));
    assert_true(secret_append_text(&s, "de"));
    assert_false(secret_append_text(&s, "fghi"));
    assert_string_equal(secret_text(&s), "abcde");
    assert_true(secret_append(&s, span_of(NULL, 0)));
    assert_true(secret_append_text(&s, "fgh"));
    assert_string_equal(secret_text(&s), "abcdefgh");
    assert_false(secret_append_text(&s, "i"));
    assert_int_equal(s.len, 8);
    assert_true(span_is(secret_span(&s), "abcdefgh"));
}

static bool read_through_pipe(struct secret *s, const char *text, struct ssa_error *err)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    (void)close(ends[1]);
    const bool ok = read_secret(s, ends[0], "the pipe", NULL, err);
    (void)close(ends[0]);
    return ok;
}

static void a_file_is_read_whole_or_refused(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO s = {0};
    unit_secret(&s, 8, span_text(""));
    SUCCEEDS(read_through_pipe(&s, "12345678", &err));
    assert_string_equal(secret_text(&s), "12345678");
    secret_clear(&s);
    FAILS(read_through_pipe(&s, "123456789", &err), SSA_CONFIG, "longer than 8 bytes");
    assert_int_equal(s.len, 0);
    assert_true(has_zeroes(&s));
    SUCCEEDS(read_through_pipe(&s, "", &err));
    assert_int_equal(s.len, 0);
    FAILS(read_secret(&s, 999, "the pipe", NULL, &err), SSA_CONFIG, "the pipe: cannot be read (Bad file descriptor)");
}

static void one_line_break_is_dropped_and_no_more(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"1234\n", "1234"},
        {"1234\r\n", "1234"},
        {"1234", "1234"},
        {"1234\n\n", "1234\n"},
        {"1234\r\n\r\n", "1234\r\n"},
        {"1234 \n", "1234 "},
        {"\n", ""},
        {"", ""},
        {"\r\n", ""},
        {"1234\r", "1234\r"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        SECRET_AUTO s = {0};
        unit_secret(&s, 16, span_text(texts[i][0]));
        secret_drop_newline(&s);
        assert_string_equal(secret_text(&s), texts[i][1]);
        assert_int_equal(s.len, strlen(texts[i][1]));
    }
}

static void wiping_takes_any_length(void **state)
{
    (void)state;
    char text[] = "secret";
    secret_wipe(text, 3);
    assert_memory_equal(text, "\0\0\0ret", 6);
    secret_wipe(NULL, 100);
    secret_wipe(text, 0);
    // A caller's own variables stay.
    volatile double kept = 1.5;
    secret_wipe_stack();
    assert_true(kept > 1.4 && kept < 1.6);
}

static void too_much_is_an_error_and_no_crash(void **state)
{
    (void)state;
    struct ssa_error err;
    struct secret s;
    FAILS(secret_new(&s, (size_t)1 << 60, &err), SSA_UNEXPECTED, "Cannot allocate memory");
    assert_null(s.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_neither_swaps_nor_dumps_nor_inherits_it),
        cmocka_unit_test(a_child_sees_nothing_of_it),
        cmocka_unit_test(a_key_is_refused_where_memory_cannot_be_locked),
        cmocka_unit_test(clearing_wipes_and_freeing_unmaps),
        cmocka_unit_test(what_fits_is_appended_whole_and_the_rest_not_at_all),
        cmocka_unit_test(a_file_is_read_whole_or_refused),
        cmocka_unit_test(one_line_break_is_dropped_and_no_more),
        cmocka_unit_test(wiping_takes_any_length),
        cmocka_unit_test(too_much_is_an_error_and_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
