// The journal's entries: what is written is read again, and nothing else is.
#include "core/unit.h"

#include "core/text.h"
#include "journal/entry_json.h"

static const struct entry plain = {.operation = OP_KEY_CREATE,
                                   .step = STEP_KEY_ASKED,
                                   .started = 1706152084,
                                   .id = "20240125T030804.000000Z-0badcafe",
                                   .line = 2,
                                   .client_id = "client",
                                   .base_url = "https://x",
                                   .account = "ACC",
                                   .profile = "/x.env",
                                   .draft = "/x.env.20240125T030804.000000Z-0badcafe",
                                   .before = {.count = 2, .list = {"a", "b"}}};

static void write_text(const struct entry *entry, struct secret *out)
{
    struct ssa_error err;
    assert_true(secret_new(out, 64 * 1024, &err));
    SUCCEEDS(entry_write(entry, out, &err));
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    SECRET_AUTO text = {0};
    struct ssa_error err;
    struct entry entry = {.operation = OP_KEY_ROTATE,
                          .step = STEP_SWITCHED,
                          .started = 1706152084,
                          .asked = {.from = 1706152085},
                          .uid = 1000,
                          .pid = 4711,
                          .id = "20240125T030804.000000Z-0badcafe",
                          .line = 7,
                          .sequence = 100000000,
                          .empty_before = -1,
                          .replaces_profile = true,
                          .replaces_block = true,
                          .client_id = "client",
                          .base_url = "https://api.example:8443/prefix",
                          .account = "ACC",
                          .kid = "new-key",
                          .key_uri = "pkcs11:token=a",
                          .token = "pkcs11:token=a",
                          .label = "new",
                          .import = "wrapped",
                          .id_was_free = true,
                          .modulus = "00ff",
                          .profile_before = "absent",
                          .throwaway = "ssa-hsm rehearsal 0badcafe",
                          .account_asked = 1706152084,
                          .old_kid = "old-key",
                          .old_key_uri = "pkcs11:token=a%20b;id=%01",
                          .profile = "/home/\"quoted\"/x.env",
                          .before = {.count = 2, .list = {"one", "two"}}};
    struct entry again;
    write_text(&entry, &text);
    assert_true(entry_read(secret_span(&text), &again, &err));
    assert_int_equal(again.operation, OP_KEY_ROTATE);
    assert_int_equal(again.step, STEP_SWITCHED);
    assert_int_equal(again.outcome, OUTCOME_NONE);
    assert_true(again.vouched);
    assert_int_equal(again.line, 7);
    assert_int_equal(again.started, entry.started);
    assert_int_equal(again.asked.from, entry.asked.from);
    assert_int_equal(again.ended, 0);
    assert_int_equal(again.uid, 1000);
    assert_string_equal(again.id, entry.id);
    assert_int_equal(again.sequence, entry.sequence);
    assert_int_equal(again.empty_before, -1);
    assert_true(again.replaces_profile);
    assert_true(again.replaces_block);
    assert_false(again.retires_at_once);
    assert_string_equal(again.profile, entry.profile);
    assert_string_equal(again.old_key_uri, entry.old_key_uri);
    assert_string_equal(again.import, "wrapped");
    assert_true(again.id_was_free);
    assert_string_equal(again.modulus, "00ff");
    assert_string_equal(again.profile_before, "absent");
    assert_string_equal(again.throwaway, "ssa-hsm rehearsal 0badcafe");
    assert_int_equal(again.account_asked, 1706152084);
    assert_int_equal(again.before.count, 2);
    assert_string_equal(again.before.list[1], "two");
}

static void every_name_of_an_operation_a_step_and_an_outcome_is_read(void **state)
{
    (void)state;
    for (int operation = 0; operation < OPERATION_COUNT; operation++)
        for (int outcome = OUTCOME_NONE; outcome < OUTCOME_COUNT; outcome++) {
            SECRET_AUTO text = {0};
            struct entry entry = plain, again;
            struct ssa_error err;
            entry.operation = (enum operation)operation;
            entry.step = outcome == OUTCOME_NONE ? STEP_BEGUN : STEP_CLOSED;
            entry.outcome = (enum outcome)outcome;
            entry.ended = outcome == OUTCOME_NONE ? 0 : 1;
            write_text(&entry, &text);
            SUCCEEDS(entry_read(secret_span(&text), &again, &err));
            assert_int_equal(again.operation, operation);
            assert_int_equal(again.step, entry.step);
            assert_int_equal(again.outcome, outcome);
        }
}

static struct entry with_step(enum operation operation, enum step step)
{
    struct entry entry = plain;
    entry.operation = operation;
    entry.step = step;
    return entry;
}

static void a_step_that_the_operation_does_not_take_is_none(void **state)
{
    (void)state;
    struct ssa_error err;
    const struct {
        enum operation operation;
        enum step step;
    } none[] = {{OP_KEY_CREATE, STEP_ACCOUNT_MADE}, {OP_KEY_CREATE, STEP_SWITCHED}, {OP_ACCOUNT_CREATE, STEP_RETIRING},
                {OP_KEY_IMPORT, STEP_KEY_ASKED},    {OP_KEY_DELETE, STEP_KEY_MADE}, {OP_SECRET_REMOVE, STEP_IMPORTED},
                {OP_ACCOUNT_DELETE, STEP_IMPORTED}, {OP_KEY_ROTATE, STEP_ASKED}};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        const struct entry entry = with_step(none[i].operation, none[i].step);
        FAILS(entry_check(&entry, &err), SSA_CONFIG, "step");
    }
}

// A key that was made: whatever recovery goes by must be there.
static struct entry made(enum operation operation)
{
    struct entry entry = with_step(operation, STEP_KEY_MADE);
    memcpy(entry.kid, "kid", 4);
    memcpy(entry.label, "label", 6);
    memcpy(entry.token, "pkcs11:", 8);
    memcpy(entry.key_uri, "pkcs11:", 8);
    memcpy(entry.import, "plain", 6);
    memcpy(entry.modulus, "00ff", 5);
    memcpy(entry.profile_before, "absent", 7);
    entry.id_was_free = true;
    memcpy(entry.old_kid, "old", 4);
    memcpy(entry.old_key_uri, "pkcs11:", 8);
    memcpy(entry.name, "name", 5);
    return entry;
}

static void lacks(enum operation operation, size_t at, const char *name)
{
    struct ssa_error err;
    struct entry entry = made(operation);
    SUCCEEDS(entry_check(&entry, &err));
    ((char *)&entry)[at] = '\0';
    FAILS(entry_check(&entry, &err), SSA_CONFIG, name);
    // One that ended before has none.
    entry.step = STEP_CLOSED;
    entry.outcome = OUTCOME_FAILED;
    entry.ended = 1;
    SUCCEEDS(entry_check(&entry, &err));
}

static void what_a_step_needs_is_demanded(void **state)
{
    (void)state;
    static const enum operation all[] = {OP_ACCOUNT_CREATE, OP_KEY_CREATE, OP_KEY_IMPORT, OP_KEY_ROTATE};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        lacks(all[i], offsetof(struct entry, client_id), "clientId");
        lacks(all[i], offsetof(struct entry, account), "serviceAccountId");
        lacks(all[i], offsetof(struct entry, kid), "kid");
        lacks(all[i], offsetof(struct entry, key_uri), "keyUri");
        lacks(all[i], offsetof(struct entry, token), "token");
        lacks(all[i], offsetof(struct entry, label), "label");
        lacks(all[i], offsetof(struct entry, import), "import");
        lacks(all[i], offsetof(struct entry, modulus), "modulusSha256");
        lacks(all[i], offsetof(struct entry, id_was_free), "idWasFree");
    }
    lacks(OP_ACCOUNT_CREATE, offsetof(struct entry, name), "name");
    lacks(OP_KEY_ROTATE, offsetof(struct entry, old_kid), "oldKid");
    lacks(OP_KEY_ROTATE, offsetof(struct entry, old_key_uri), "oldKeyUri");
    lacks(OP_KEY_IMPORT, offsetof(struct entry, profile_before), "profileBefore");
    struct ssa_error err;
    struct entry entry = with_step(OP_KEY_IMPORT, STEP_REHEARSING);
    memcpy(entry.token, "pkcs11:", 8);
    FAILS(entry_check(&entry, &err), SSA_CONFIG, "throwaway");
    memcpy(entry.throwaway, "name", 5);
    SUCCEEDS(entry_check(&entry, &err));
    entry = made(OP_KEY_CREATE);
    entry.profile[0] = entry.draft[0] = '\0';
    FAILS(entry_check(&entry, &err), SSA_CONFIG, "profile");
    entry = with_step(OP_PROFILE_REMOVE, STEP_ASKED);
    SUCCEEDS(entry_check(&entry, &err));
    entry.profile[0] = entry.draft[0] = '\0';
    FAILS(entry_check(&entry, &err), SSA_CONFIG, "profile");
    entry = made(OP_KEY_ROTATE);
    entry.profile[0] = entry.draft[0] = '\0';
    SUCCEEDS(entry_check(&entry, &err)); // its block is printed
    entry.started = 0;
    FAILS(entry_check(&entry, &err), SSA_CONFIG, "started");
    entry = plain;
    entry.outcome = OUTCOME_DONE;
    FAILS(entry_check(&entry, &err), SSA_CONFIG, "outcome");
}

static void a_path(const char *profile, const char *draft, const char *mention)
{
    struct ssa_error err;
    struct entry entry = plain;
    assert_true(text_format(entry.profile, sizeof entry.profile, "%s", profile));
    assert_true(text_format(entry.draft, sizeof entry.draft, "%s", draft));
    if (mention == NULL)
        SUCCEEDS(entry_check(&entry, &err));
    else
        FAILS(entry_check(&entry, &err), SSA_CONFIG, mention);
}

static void a_draft_has_its_own_name_and_no_other(void **state)
{
    (void)state;
    a_path("/x.env", "", NULL);
    a_path("/a..b/x..env", "", NULL);
    a_path("/x.env", "/home/user/.ssh/id_rsa", "not its own");
    a_path("/x.env", "/x.env", "not its own");
    a_path("/x.env", "/x.env.20240125T030804.000000Z-0badcaff", "not its own");
    a_path("/x.env", "/y.env.20240125T030804.000000Z-0badcafe", "not its own");
    a_path("x.env", "", "absolute");
    a_path("/a/../x.env", "", "absolute");
    a_path("/a/..", "", "absolute");
}

static void refused(const char *line, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    struct entry entry;
    unit_secret(&text, 64 * 1024, span_text(line));
    assert_true(checksum_append(&text, 0));
    if (entry_read(secret_span(&text), &entry, err))
        fail_msg("read: %s", line);
}

// The line with one piece of it replaced, and the checksum of that.
static void refused_with(const char *piece, const char *other)
{
    SECRET_AUTO text = {0};
    struct ssa_error err;
    char changed[8192];
    write_text(&plain, &text);
    text.len -= strlen(",\"sha256\":\"\"}") + 64;
    assert_true(secret_append_text(&text, "}"));
    const char *at = strstr(secret_text(&text), piece);
    assert_non_null(at);
    assert_true(text_format(changed, sizeof changed, "%.*s%s%s", (int)(at - secret_text(&text)), secret_text(&text),
                            other, at + strlen(piece)));
    refused(changed, &err);
}

// Even where the checksum is right.
static void what_was_not_written_is_refused(void **state)
{
    (void)state;
    refused_with("\"format\":2", "\"format\":1");
    refused_with("\"format\":2", "\"format\":3");
    refused_with("\"key create\"", "\"key steal\"");
    refused_with("\"operation\":", "\"operatioN\":");
    refused_with("\"step\":\"key-asked\",", "");
    refused_with("\"outcome\":\"open\",", "");
    refused_with("\"before\":[\"a\",\"b\"]", "\"before\":null");
    refused_with("\"before\":", "\"befors\":");
    refused_with("\"askedAt\":null,", "");
    refused_with("\"askedAt\"", "\"askedat\"");
    refused_with("\"slotWasUsed\":false,", "");
    refused_with("\"uid\":0", "\"uid\":0,\"uid\":0");
    refused_with("\"uid\":0", "\"uid\":99999999999999999999");
    refused_with("\"uid\":0", "\"uid\":\"0\"");
    refused_with("\"uid\":0", "\"uid\":0,\"more\":1");
    refused_with("\"2024-01-25T03:08:04Z\"", "\"yesterday\"");
    refused_with("\"2024-01-25T03:08:04Z\"", "null");
    refused_with("\"ACC\"", "\"../../accounts\"");
    refused_with("\"/x.env\"", "\"/x\\u0000.env\"");
    refused_with("\"https://x\"", "1");
}

static void what_is_no_entry_is_refused(void **state)
{
    (void)state;
    struct ssa_error err;
    struct entry entry;
    refused("{}", &err);
    refused("[{}", &err);
    refused("{\"operation\":\"key create\"}", &err);
    FAILS(entry_read(span_text(""), &entry, &err), SSA_CONFIG, "checksum");
    FAILS(entry_read(span_text("{}"), &entry, &err), SSA_CONFIG, "checksum");
}

static const char earlier[] =
    "{\"operation\":\"key create\",\"step\":\"closed\",\"outcome\":\"done\","
    "\"started\":\"2024-01-25T03:08:04Z\",\"baseUrl\":\"https://x\",\"kid\":\"k\",\"before\":[]}";

static void a_closed_entry_of_an_earlier_version_is_read(void **state)
{
    (void)state;
    struct ssa_error err;
    struct entry entry;
    SUCCEEDS(entry_read_earlier(span_text(earlier), &entry, &err));
    assert_string_equal(entry.kid, "k");
    assert_false(entry.vouched);
    FAILS(entry_read(span_text(earlier), &entry, &err), SSA_CONFIG, "checksum");
    // One that has lost its checksum is none.
    SECRET_AUTO text = {0};
    struct entry closed = with_step(OP_KEY_CREATE, STEP_CLOSED);
    closed.outcome = OUTCOME_DONE;
    closed.ended = 1;
    write_text(&closed, &text);
    FAILS(entry_read_earlier(secret_span(&text), &entry, &err), SSA_CONFIG, "format");
    text.len -= strlen(",\"sha256\":\"\"}") + 64;
    assert_true(secret_append_text(&text, "}"));
    FAILS(entry_read_earlier(secret_span(&text), &entry, &err), SSA_CONFIG, "format");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(every_name_of_an_operation_a_step_and_an_outcome_is_read),
        cmocka_unit_test(a_step_that_the_operation_does_not_take_is_none),
        cmocka_unit_test(what_a_step_needs_is_demanded),
        cmocka_unit_test(a_draft_has_its_own_name_and_no_other),
        cmocka_unit_test(what_was_not_written_is_refused),
        cmocka_unit_test(what_is_no_entry_is_refused),
        cmocka_unit_test(a_closed_entry_of_an_earlier_version_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
