// The journal's entries: what is written is read again, and nothing else is.
#include "core/unit.h"

#include "flow/entry.h"

static const char whole[] =
    "{\"operation\":\"key create\",\"step\":\"key-asked\",\"outcome\":\"open\","
    "\"started\":\"2024-01-25T03:08:04Z\",\"baseUrl\":\"https://x\",\"before\":[\"a\",\"b\"]}";

static void write_text(const struct entry *entry, struct secret *out)
{
    struct json_writer w;
    struct ssa_error err;
    assert_true(secret_new(out, 64 * 1024, &err));
    assert_true(json_begin(&w, out, false));
    entry_write(entry, &w);
    assert_true(json_end(&w, &err));
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    SECRET_AUTO text = {0};
    struct ssa_error err;
    struct entry entry = {.operation = OP_KEY_ROTATE,
                          .step = STEP_SWITCHED,
                          .outcome = OUTCOME_DONE,
                          .started = 1706152084,
                          .asked = {.from = 1706152085},
                          .uid = 1000,
                          .pid = 4711,
                          .id = "20240125T030804.000000Z-0badcafe",
                          .sequence = 100000000,
                          .empty_before = -1,
                          .replaces_profile = true,
                          .client_id = "client",
                          .base_url = "https://api.example:8443/prefix",
                          .account = "ACC",
                          .kid = "new-key",
                          .import = "wrapped",
                          .old_kid = "old-key",
                          .old_key_uri = "pkcs11:token=a%20b;id=%01",
                          .profile = "/home/\"quoted\"/x.env",
                          .before = {.count = 2, .list = {{.kid = "one"}, {.kid = "two"}}}};
    struct entry again;
    write_text(&entry, &text);
    assert_true(entry_read(secret_span(&text), &again, &err));
    assert_int_equal(again.operation, OP_KEY_ROTATE);
    assert_int_equal(again.step, STEP_SWITCHED);
    assert_int_equal(again.outcome, OUTCOME_DONE);
    assert_int_equal(again.started, entry.started);
    assert_int_equal(again.asked.from, entry.asked.from);
    assert_int_equal(again.ended, 0);
    assert_int_equal(again.uid, 1000);
    assert_string_equal(again.id, entry.id);
    assert_int_equal(again.sequence, entry.sequence);
    assert_int_equal(again.empty_before, -1);
    assert_true(again.replaces_profile);
    assert_false(again.retires_at_once);
    assert_string_equal(again.profile, entry.profile);
    assert_string_equal(again.old_key_uri, entry.old_key_uri);
    assert_string_equal(again.import, "wrapped");
    assert_int_equal(again.before.count, 2);
    assert_string_equal(again.before.list[1].kid, "two");
}

static void every_name_of_an_operation_and_a_step_is_read(void **state)
{
    (void)state;
    for (int operation = 0; operation < OPERATION_COUNT; operation++)
        for (int step = 0; step < STEP_COUNT; step++) {
            SECRET_AUTO text = {0};
            struct entry entry = {.operation = (enum operation)operation,
                                  .step = (enum step)step,
                                  .started = 1,
                                  .base_url = "https://x"};
            struct entry again;
            struct ssa_error err;
            write_text(&entry, &text);
            assert_true(entry_read(secret_span(&text), &again, &err));
            assert_int_equal(again.operation, operation);
            assert_int_equal(again.step, step);
        }
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"operation\":\"key create\"}",
        // A name that no release has, an id that goes into a path, a time that is none, a type that is
        // another's.
        "{\"operation\":\"key "
        "steal\",\"step\":\"begun\",\"started\":\"2024-01-25T03:08:04Z\",\"baseUrl\":\"x\"}",
        "{\"operation\":\"key "
        "create\",\"step\":\"begun\",\"started\":\"2024-01-25T03:08:04Z\",\"baseUrl\":\"x\","
        "\"kid\":\"../../accounts\"}",
        "{\"operation\":\"key create\",\"step\":\"begun\",\"started\":\"yesterday\",\"baseUrl\":\"x\"}",
        "{\"operation\":\"key "
        "create\",\"step\":\"begun\",\"started\":\"2024-01-25T03:08:04Z\",\"baseUrl\":1}",
        "{\"operation\":\"key "
        "create\",\"step\":\"begun\",\"started\":\"2024-01-25T03:08:04Z\",\"baseUrl\":\"x\","
        "\"profile\":\"a\\u0000b\"}",
    };
    struct ssa_error err;
    struct entry entry;
    assert_true(entry_read(span_text(whole), &entry, &err));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(entry_read(span_text(bad[i]), &entry, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(every_name_of_an_operation_and_a_step_is_read),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
