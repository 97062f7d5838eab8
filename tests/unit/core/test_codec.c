// Messages: what was written is read again, and nothing is written or read beyond the end.
#include "core/unit.h"

#include <string.h>

#include "core/codec.h"

enum { ROOM = 64, MARK = 0x5a };

static uint8_t memory[ROOM + 8] __attribute__((aligned(8)));

static struct writer writer_of(size_t capacity)
{
    memset(memory, MARK, sizeof memory);
    return (struct writer){.data = memory, .capacity = capacity};
}

static struct reader reader_of(const struct writer *w)
{
    return (struct reader){.data = w->data, .len = w->len};
}

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    struct writer w = writer_of(ROOM);
    put_number(&w, UINT64_MAX);
    put_bytes(&w, span_text("five!"));
    put_bytes(&w, span_of(NULL, 0));
    put_number(&w, 3);
    assert_false(w.overflow);
    struct reader r = reader_of(&w);
    assert_true(get_number(&r, UINT64_MAX) == UINT64_MAX);
    const struct span text = get_bytes(&r, 5);
    assert_int_equal(text.len, 5);
    assert_memory_equal(text.data, "five!", 5);
    assert_int_equal(get_bytes(&r, 5).len, 0);
    assert_false(reader_is_done(&r));
    assert_int_equal(get_number(&r, 3), 3);
    assert_true(reader_is_done(&r));
}

// Modules read numbers where they are in a message.
static void bytes_and_numbers_are_aligned(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 17; len++) {
        struct writer w = writer_of(ROOM);
        const uint8_t bytes[17] = {0};
        put_bytes(&w, span_of(bytes, len));
        put_bytes(&w, span_of(bytes, 8));
        struct reader r = reader_of(&w);
        assert_int_equal(get_bytes(&r, len).len, len);
        const struct span number = get_bytes(&r, 8);
        assert_int_equal((uintptr_t)number.data % 8, 0);
        assert_true(reader_is_done(&r));
    }
}

// What is between is no old memory.
static void what_fills_up_is_zero(void **state)
{
    (void)state;
    struct writer w = writer_of(ROOM);
    put_bytes(&w, span_text("abc"));
    assert_int_equal(w.len, 16);
    assert_memory_equal(memory + 8, "abc\0\0\0\0\0", 8);
    assert_int_equal(memory[16], MARK);
}

static void what_does_not_fit_is_left_out_and_said(void **state)
{
    (void)state;
    const uint8_t bytes[ROOM] = {0};
    for (size_t capacity = 0; capacity < 24; capacity++) {
        struct writer w = writer_of(capacity);
        put_bytes(&w, span_of(bytes, 9));
        assert_true(w.overflow);
        assert_true(w.len <= capacity);
        for (size_t i = capacity; i < sizeof memory; i++)
            assert_int_equal(memory[i], MARK);
    }
    struct writer w = writer_of(24);
    put_bytes(&w, span_of(bytes, 9));
    assert_false(w.overflow);
    put_number(&w, 1);
    assert_true(w.overflow);
    // So it stays, even where there would be room.
    w.capacity = ROOM;
    put_number(&w, 1);
    assert_int_equal(w.len, 24);
}

static void room_is_given_once_and_never_beyond(void **state)
{
    (void)state;
    struct writer w = writer_of(ROOM);
    assert_ptr_equal(put_room(&w, 16), memory + 8);
    assert_null(put_room(&w, SIZE_MAX));
    assert_true(w.overflow);
    w = writer_of(ROOM);
    assert_null(put_room(&w, SIZE_MAX - 3));
    assert_null(put_room(&w, 1));
}

static void what_is_not_there_reads_as_nothing(void **state)
{
    (void)state;
    for (size_t len = 0; len < 24; len++) {
        struct writer w = writer_of(ROOM);
        put_bytes(&w, span_of("123456789", 9));
        struct reader r = {.data = memory, .len = len};
        const struct span got = get_bytes(&r, ROOM);
        assert_int_equal(got.len, 0);
        assert_null(got.data);
        assert_true(r.bad);
        assert_int_equal(get_number(&r, UINT64_MAX), 0);
        assert_false(reader_is_done(&r));
    }
}

static void lengths_that_lie_are_bad(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {17, 18, 63, 1ULL << 32, 1ULL << 63, UINT64_MAX - 7, UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct writer w = writer_of(ROOM);
        put_number(&w, lengths[i]);
        put_number(&w, 1);
        put_number(&w, 2);
        struct reader r = reader_of(&w);
        assert_int_equal(get_bytes(&r, SIZE_MAX).len, 0);
        assert_true(r.bad);
    }
}

static void more_than_the_reader_allows_is_bad(void **state)
{
    (void)state;
    struct writer w = writer_of(ROOM);
    put_number(&w, 256);
    struct reader r = reader_of(&w);
    assert_int_equal(get_number(&r, 255), 0);
    assert_true(r.bad);
    w = writer_of(ROOM);
    put_bytes(&w, span_text("12345"));
    r = reader_of(&w);
    assert_int_equal(get_bytes(&r, 4).len, 0);
    assert_true(r.bad);
}

static void what_is_in_excess_is_not_done(void **state)
{
    (void)state;
    struct writer w = writer_of(ROOM);
    put_number(&w, 1);
    put_number(&w, 2);
    struct reader r = reader_of(&w);
    (void)get_number(&r, 9);
    assert_false(reader_is_done(&r));
    assert_false(r.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(bytes_and_numbers_are_aligned),
        cmocka_unit_test(what_fills_up_is_zero),
        cmocka_unit_test(what_does_not_fit_is_left_out_and_said),
        cmocka_unit_test(room_is_given_once_and_never_beyond),
        cmocka_unit_test(what_is_not_there_reads_as_nothing),
        cmocka_unit_test(lengths_that_lie_are_bad),
        cmocka_unit_test(more_than_the_reader_allows_is_bad),
        cmocka_unit_test(what_is_in_excess_is_not_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
