// What a signer asks who unlocks it, and what comes back.
#include "core/unit.h"

#include <string.h>

#include "agent/link/question.h"

static uint8_t memory[QUESTION_MESSAGE_MAX] __attribute__((aligned(8)));

static void a_question_is_read_again(void **state)
{
    (void)state;
    struct question sent, got;
    for (enum question_kind kind = 0; kind < QUESTION_KINDS; kind++) {
        memset(&sent, 0, sizeof sent);
        memset(&got, 0, sizeof got);
        sent = (struct question){.number = UINT64_MAX,
                                 .kind = kind,
                                 .text = "PIN: ",
                                 .level = SSA_WARNING,
                                 .reason = SSA_REASON_PIPE,
                                 .detail = "d"};
        if (kind == QUESTION_FAILED)
            error_set(&sent.err, SSA_TOKEN, "CKR_DEVICE_ERROR", NULL, "no");
        struct writer w = {.data = memory, .capacity = sizeof memory};
        put_question(&w, &sent);
        assert_false(w.overflow);
        struct reader r = {.data = memory, .len = w.len};
        assert_true(get_question(&r, &got));
        assert_true(got.number == UINT64_MAX);
        assert_int_equal(got.kind, kind);
        assert_string_equal(got.text, sent.text);
        assert_string_equal(got.detail, sent.detail);
        assert_int_equal(got.level, SSA_WARNING);
        assert_int_equal(got.reason, SSA_REASON_PIPE);
        assert_string_equal(got.err.cause, sent.err.cause);
        for (size_t len = 0; len < w.len; len++) {
            r = (struct reader){.data = memory, .len = len};
            assert_false(get_question(&r, &got));
        }
    }
}

// The longest texts that there are.
static void the_longest_failure_fits(void **state)
{
    (void)state;
    struct question q = {.kind = QUESTION_FAILED, .err = {.code = SSA_PIN}};
    struct writer w = {.data = memory, .capacity = sizeof memory};
    memset(q.text, 'x', sizeof q.text - 1);
    memset(q.detail, 'x', sizeof q.detail - 1);
    memset(q.err.what, 'x', sizeof q.err.what - 1);
    memset(q.err.cause, 'x', sizeof q.err.cause - 1);
    memset(q.err.subject, 'x', sizeof q.err.subject - 1);
    memset(q.err.detail, 'x', sizeof q.err.detail - 1);
    memset(q.err.hint, 'x', sizeof q.err.hint - 1);
    put_question(&w, &q);
    assert_false(w.overflow);
}

static void a_reply_is_read_again(void **state)
{
    (void)state;
    static const char longest[REPLY_TEXT_MAX + 1];
    struct reply sent = {.number = UINT64_MAX, .given = true, .text = span_text("1234")}, got;
    struct writer w = {.data = memory, .capacity = sizeof memory};
    put_reply(&w, &sent);
    struct reader r = {.data = memory, .len = w.len};
    assert_true(get_reply(&r, &got));
    assert_true(got.number == UINT64_MAX && got.given && span_is(got.text, "1234"));
    for (size_t len = 0; len < w.len; len++) {
        r = (struct reader){.data = memory, .len = len};
        assert_false(get_reply(&r, &got));
    }
    // One that gives nothing, and something.
    w.len = 0;
    sent.given = false;
    put_reply(&w, &sent);
    r = (struct reader){.data = memory, .len = w.len};
    assert_false(get_reply(&r, &got));
    w.len = 0;
    put_reply(&w, &(struct reply){.given = true, .text = span_of(longest, REPLY_TEXT_MAX + 1)});
    r = (struct reader){.data = memory, .len = w.len};
    assert_false(get_reply(&r, &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_read_again),
        cmocka_unit_test(the_longest_failure_fits),
        cmocka_unit_test(a_reply_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
