// The lines of an entry's file, damaged and lost: nothing is ever read but what was written.
#include "core/unit.h"

#include <stdlib.h>

#include "core/text.h"
#include "journal/entry_json.h"
#include "journal/journal_lines.h"

enum { FILE_MAX_BYTES = 128 * 1024, LINES_MAX = 12, ROOM = 160 };

// A file as an operation writes it: where its lines begin, and its end.
struct file {
    struct secret text;
    size_t at[LINES_MAX + 1];
    size_t lines;
    bool closed;
};

// All bits of all bytes take minutes; otherwise one of each third byte is flipped.
static bool is_long(void)
{
    const char *wanted = getenv("SSA_HSM_LONG_TESTS");
    return wanted != NULL && wanted[0] == '1';
}

static void fill(char *field, size_t size, const char *text)
{
    assert_true(text_format(field, size, "%s", text));
}

static struct entry begun(enum operation operation)
{
    struct entry e = {.operation = operation, .started = 1706152084, .uid = 1000, .pid = 4711};
    fill(e.id, sizeof e.id, "20240125T030804.000000Z-0badcafe");
    fill(e.base_url, sizeof e.base_url, "https://developer.api.autodesk.com");
    fill(e.client_id, sizeof e.client_id, "client");
    fill(e.name, sizeof e.name, "ci-robot");
    fill(e.profile, sizeof e.profile, "/home/user/.config/ssa-hsm/default.env");
    assert_true(text_format(e.draft, sizeof e.draft, "%s.%s", e.profile, e.id));
    fill(e.account, sizeof e.account, "ACCOUNT");
    fill(e.kid, sizeof e.kid, "a0b1c2d3-key");
    fill(e.old_kid, sizeof e.old_kid, "e4f5a6b7-old");
    fill(e.old_key_uri, sizeof e.old_key_uri, "pkcs11:token=work;id=old");
    fill(e.key_uri, sizeof e.key_uri, "pkcs11:token=work;id=key");
    fill(e.token, sizeof e.token, "pkcs11:token=work");
    fill(e.label, sizeof e.label, "ci-robot a0b1c2d3-key");
    fill(e.import, sizeof e.import, "plain");
    fill(e.modulus, sizeof e.modulus, "00ff");
    fill(e.profile_before, sizeof e.profile_before, "absent");
    e.id_was_free = true;
    e.before.count = 1;
    fill(e.before.list[0], sizeof e.before.list[0], "before@@");
    return e;
}

static void append(struct file *file, struct entry *e, enum step step)
{
    struct ssa_error err;
    e->step = step;
    e->line++;
    if (step == STEP_CLOSED) {
        e->ended = 1706152099;
        e->outcome = OUTCOME_DONE;
    }
    SUCCEEDS(entry_write(e, &file->text, &err));
    assert_true(secret_append_text(&file->text, "\n"));
    file->at[++file->lines] = file->text.len;
    file->closed = step == STEP_CLOSED;
}

// Whether the entry is that of the line, to the last byte.
static bool is_line(const struct entry *entry, const struct file *file, size_t line)
{
    SECRET_AUTO again = {0};
    struct ssa_error err;
    assert_true(secret_new(&again, FILE_MAX_BYTES, &err));
    SUCCEEDS(entry_write(entry, &again, &err));
    const size_t len = file->at[line + 1] - file->at[line] - 1;
    return again.len == len && memcmp(again.data, file->text.data + file->at[line], len) == 0;
}

static void make(struct file *file, enum operation operation, const enum step *steps, size_t count)
{
    struct ssa_error err;
    struct entry e = begun(operation);
    *file = (struct file){0};
    assert_true(secret_new(&file->text, FILE_MAX_BYTES, &err));
    for (size_t i = 0; i < count; i++)
        append(file, &e, steps[i]);
    // Its place in the history.
    if (file->closed) {
        e.sequence = 7;
        append(file, &e, STEP_CLOSED);
    }
    // As it was written it is read.
    for (size_t lines = 1; lines <= file->lines; lines++) {
        struct entry last;
        struct lines_end end;
        assert_int_equal(lines_read(span_of(file->text.data, file->at[lines]), &last, &end, &err), LINES_READ);
        assert_true(is_line(&last, file, lines - 1));
        assert_int_equal(end.at, file->at[lines]);
    }
    struct entry last;
    assert_true(lines_read_closed(secret_span(&file->text), &last, &err) == file->closed);
}

static const enum step of_a_rotation[] = {STEP_BEGUN,    STEP_KEY_ASKED, STEP_KEY_MADE, STEP_IMPORTED,
                                          STEP_SWITCHED, STEP_RETIRING,  STEP_CLOSED};
static const enum step of_an_account[] = {STEP_BEGUN,    STEP_ACCOUNT_ASKED, STEP_ACCOUNT_MADE, STEP_KEY_ASKED,
                                          STEP_KEY_MADE, STEP_IMPORTED,      STEP_CLOSED};
static const enum step of_a_secret[] = {STEP_BEGUN, STEP_ASKED, STEP_IMPORTED, STEP_CLOSED};

static const struct {
    enum operation operation;
    const enum step *steps;
    size_t count;
} operations[] = {
    {OP_KEY_ROTATE, of_a_rotation, 7}, {OP_ACCOUNT_CREATE, of_an_account, 7}, {OP_SECRET_IMPORT, of_a_secret, 4}};

static enum lines read_bytes(const struct secret *text, struct entry *last)
{
    struct lines_end end;
    struct ssa_error why = {0};
    const enum lines lines = lines_read(secret_span(text), last, &end, &why);
    if (lines == LINES_DAMAGED)
        assert_true(why.code == SSA_CONFIG && why.what[0] != '\0');
    assert_true(end.at <= text->len && end.dirty <= text->len);
    return lines;
}

// One byte is another, in a file with its room behind it.
static void with_a_byte_changed(const struct file *file, size_t lines, size_t at, uint8_t value)
{
    static uint8_t bytes[FILE_MAX_BYTES];
    struct secret text = {.data = bytes, .len = file->at[lines] + ROOM, .capacity = sizeof bytes};
    struct entry last;
    struct ssa_error err;
    memcpy(bytes, file->text.data, file->at[lines]);
    memset(bytes + file->at[lines], 0, ROOM);
    bytes[at] = value;
    const enum lines read = read_bytes(&text, &last);
    // Of the room: what a broken write has left. Without its line break alone a line is as it was.
    if (at >= file->at[lines] || (at == file->at[lines] - 1 && value == '\0'))
        assert_true(read == LINES_DAMAGED || (read == LINES_READ && is_line(&last, file, lines - 1)));
    else if (read != LINES_DAMAGED)
        fail_msg("line %zu of %zu, byte %zu as %u: read", lines, file->lines, at, value);
    // Put away it has no room.
    text.len = file->at[lines];
    if (at < text.len && lines_read_closed(secret_span(&text), &last, &err))
        fail_msg("closed, byte %zu as %u: read", at, value);
}

static void change_each_byte(const struct file *file, size_t lines, size_t from)
{
    const bool all = is_long();
    for (size_t at = from; at < file->at[lines] + ROOM; at += all ? 1 : 3) {
        const uint8_t was = at < file->at[lines] ? file->text.data[at] : 0;
        for (unsigned bit = 0; bit < 8; bit++)
            if (all || bit == at % 8)
                with_a_byte_changed(file, lines, at, (uint8_t)(was ^ (1U << bit)));
        static const uint8_t others[] = {0, '\n', '"', '}', 0xFF};
        for (size_t i = 0; all && i < sizeof others; i++)
            if (others[i] != was)
                with_a_byte_changed(file, lines, at, others[i]);
    }
}

static void a_changed_byte_is_never_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        struct file file;
        make(&file, operations[i].operation, operations[i].steps, operations[i].count);
        // Each step is the last one once; what stands before it was so then.
        for (size_t lines = 1; lines <= file.lines; lines++)
            change_each_byte(&file, lines, is_long() || lines == file.lines ? 0 : file.at[lines - 1]);
        secret_free(&file.text);
    }
}

static void cut_off(const struct file *file, size_t len, bool with_room)
{
    SECRET_AUTO text = {0};
    struct entry last;
    size_t whole = 0;
    unit_secret(&text, FILE_MAX_BYTES, span_of(file->text.data, len));
    for (size_t i = 0; with_room && i < ROOM; i++)
        assert_true(secret_append(&text, span_of((const uint8_t *)"", 1)));
    // The line break alone may be missing: the checksum tells that the line is whole.
    while (whole < file->lines && len >= file->at[whole + 1] - 1)
        whole++;
    const enum lines read = read_bytes(&text, &last);
    if (read != (whole == 0 ? LINES_NONE : LINES_READ))
        fail_msg("cut off at %zu (%zu whole lines): %d", len, whole, read);
    if (whole > 0 && !is_line(&last, file, whole - 1))
        fail_msg("cut off at %zu: another line was read", len);
    struct ssa_error err;
    if (len > 0 && len < file->text.len && lines_read_closed(span_of(text.data, len), &last, &err) &&
        (whole != file->lines - 1 || len != file->at[whole]))
        fail_msg("cut off at %zu: read as closed", len);
}

static void a_line_that_broke_off_leaves_the_one_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        struct file file;
        make(&file, operations[i].operation, operations[i].steps, operations[i].count);
        for (size_t len = 0; len <= file.text.len; len += is_long() ? 1 : 7) {
            cut_off(&file, len, false);
            cut_off(&file, len, true);
        }
        for (size_t line = 1; line <= file.lines; line++)
            for (size_t back = 0; back < 3; back++)
                cut_off(&file, file.at[line] - back, true);
        secret_free(&file.text);
    }
}

// The lines in another order: some lost, or there twice.
static void damaged_as(const struct file *file, const size_t *order, size_t count)
{
    SECRET_AUTO text = {0};
    struct entry last;
    struct ssa_error err;
    assert_true(secret_new(&text, FILE_MAX_BYTES, &err));
    for (size_t i = 0; i < count; i++)
        assert_true(secret_append(
            &text, span_of(file->text.data + file->at[order[i]], file->at[order[i] + 1] - file->at[order[i]])));
    assert_int_equal(read_bytes(&text, &last), LINES_DAMAGED);
    assert_false(lines_read_closed(secret_span(&text), &last, &err));
}

static void a_line_that_is_lost_or_there_twice_is_seen(void **state)
{
    (void)state;
    struct file file;
    make(&file, OP_KEY_ROTATE, of_a_rotation, 7);
    for (size_t line = 0; line < file.lines; line++) {
        size_t lost[LINES_MAX], twice[LINES_MAX], swapped[LINES_MAX], left = 0, count = 0;
        for (size_t i = 0; i < file.lines; i++) {
            swapped[i] = i;
            if (i != line)
                lost[left++] = i;
            twice[count++] = i;
            if (i == line)
                twice[count++] = i;
        }
        // A last one that was never written is not missed.
        if (line + 1 < file.lines) {
            damaged_as(&file, lost, left);
            swapped[line] = line + 1;
            swapped[line + 1] = line;
            damaged_as(&file, swapped, file.lines);
        }
        damaged_as(&file, twice, count);
    }
    secret_free(&file.text);
}

static void a_line_of_another_operation_is_seen(void **state)
{
    (void)state;
    struct file file, other;
    struct entry last;
    make(&file, OP_KEY_ROTATE, of_a_rotation, 2);
    make(&other, OP_KEY_CREATE, (const enum step[]){STEP_BEGUN, STEP_KEY_ASKED, STEP_KEY_MADE}, 3);
    assert_true(secret_append(&file.text, span_of(other.text.data + other.at[2], other.at[3] - other.at[2])));
    assert_int_equal(read_bytes(&file.text, &last), LINES_DAMAGED);
    secret_free(&file.text);
    secret_free(&other.text);
}

static void what_is_no_journal_is_not_taken_for_one_that_broke_off(void **state)
{
    (void)state;
    static const char *const none[] = {"notes", "{", "{\"format\":", "{\"formaT\":2", "{\"operation\":\"key", "\n"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        SECRET_AUTO text = {0};
        struct entry last;
        unit_secret(&text, 4096, span_text(none[i]));
        assert_int_equal(read_bytes(&text, &last), i == 1 || i == 2 ? LINES_NONE : LINES_DAMAGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_byte_is_never_read),
        cmocka_unit_test(a_line_that_broke_off_leaves_the_one_before),
        cmocka_unit_test(a_line_that_is_lost_or_there_twice_is_seen),
        cmocka_unit_test(a_line_of_another_operation_is_seen),
        cmocka_unit_test(what_is_no_journal_is_not_taken_for_one_that_broke_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
