// The lines of the audit.
#include "core/unit.h"

#include "agent/http/audit_line.h"
#include "core/text.h"

enum { SOME_TIME = 1700000000 };

static void test_an_event_becomes_a_line(void **state)
{
    const struct audit_event event = {.what = "token",
                                      .has_peer = true,
                                      .uid = 4294967294U,
                                      .pid = 7,
                                      .executable = "/usr/bin/a\xff\"b\n",
                                      .caller = "n8n",
                                      .san = "DNS:x",
                                      .profile = "main",
                                      .scope = "data:read",
                                      .outcome = "ok",
                                      .took_us = 12};
    const struct audit_event bare = {.what = "signature", .took_us = -1};
    struct ssa_error err = {0};
    uint8_t queue[1024];
    struct writer w = {.data = queue, .capacity = sizeof queue};
    SECRET_AUTO out = {0};
    (void)state;
    SUCCEEDS(secret_new(&out, AUDIT_LINE_MAX, &err));
    assert_true(audit_put(&w, &event, SOME_TIME));
    assert_true(audit_put(&w, &bare, SOME_TIME));
    struct reader r = {.data = queue, .len = w.len};
    assert_true(audit_get_line(&r, &out));
    assert_true(audit_get_line(&r, &out));
    assert_true(reader_is_done(&r));
    assert_true(audit_lost_line(3, SOME_TIME, &out));
    assert_string_equal(
        secret_text(&out),
        "{\"time\":\"2023-11-14T22:13:20Z\",\"event\":\"token\",\"uid\":4294967294,\"pid\":7,"
        "\"executable\":\"/usr/bin/a?\\\"b \",\"caller\":\"n8n\",\"san\":\"DNS:x\",\"profile\":\"main\","
        "\"scope\":\"data:read\",\"outcome\":\"ok\",\"took_us\":12}\n"
        "{\"time\":\"2023-11-14T22:13:20Z\",\"event\":\"signature\",\"took_us\":0}\n"
        "{\"time\":\"2023-11-14T22:13:20Z\",\"event\":\"lost\",\"lines\":3}\n");
}

static void test_what_does_not_fit_leaves_the_rest_as_it_is(void **state)
{
    const struct audit_event event = {.what = "token", .scope = "data:read"};
    struct ssa_error err = {0};
    uint8_t queue[200];
    struct writer w = {.data = queue, .capacity = sizeof queue};
    SECRET_AUTO out = {0};
    (void)state;
    SUCCEEDS(secret_new(&out, AUDIT_LINE_MAX, &err));
    assert_true(audit_put(&w, &event, SOME_TIME));
    assert_false(audit_put(&w, &event, SOME_TIME));
    struct reader r = {.data = queue, .len = w.len};
    assert_true(audit_get_line(&r, &out));
    assert_true(reader_is_done(&r));
    // A line that does not fit into what it is written to leaves nothing there.
    out.capacity = out.len + 20;
    const size_t before = out.len;
    r.at = 0;
    assert_false(audit_get_line(&r, &out));
    assert_int_equal(out.len, before);
}

static void test_the_longest_texts_fit_into_a_line(void **state)
{
    static char text[2 * AUDIT_TEXT_MAX];
    static uint8_t queue[16 * AUDIT_TEXT_MAX];
    const struct audit_event event = {.what = text,
                                      .has_peer = true,
                                      .uid = UINT32_MAX,
                                      .pid = INT32_MAX,
                                      .executable = text,
                                      .caller = text,
                                      .san = text,
                                      .profile = text,
                                      .scope = text,
                                      .outcome = text,
                                      .took_us = INT64_MAX};
    struct ssa_error err = {0};
    struct writer w = {.data = queue, .capacity = sizeof queue};
    SECRET_AUTO out = {0};
    (void)state;
    memset(text, '"', sizeof text - 1);
    SUCCEEDS(secret_new(&out, AUDIT_LINE_MAX, &err));
    assert_true(audit_put(&w, &event, SOME_TIME));
    struct reader r = {.data = queue, .len = w.len};
    assert_true(audit_get_line(&r, &out));
    assert_true(reader_is_done(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_becomes_a_line),
        cmocka_unit_test(test_what_does_not_fit_leaves_the_rest_as_it_is),
        cmocka_unit_test(test_the_longest_texts_fit_into_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
