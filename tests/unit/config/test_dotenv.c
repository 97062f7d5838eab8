// Profiles and blocks: what the shell, the dotenv libraries and we read alike.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "config/dotenv.h"
#include "core/text.h"

struct seen {
    char text[8192];
    bool stop;
};

// "NAME=value", with a "!" behind the name where it is ambiguous, one a line.
static bool note(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct seen *seen = context;
    const size_t used = strlen(seen->text);
    (void)text_format(seen->text + used, sizeof seen->text - used, "%zu:%s%s=%s\n", a->line, a->name,
                      a->ambiguous ? "!" : "", a->value);
    return !seen->stop || error_set(err, SSA_USAGE, NULL, NULL, "stopped");
}

static bool read_into(const char *text, size_t len, struct seen *seen, struct ssa_error *err)
{
    SECRET_AUTO buffer = {0};
    unit_secret(&buffer, len, span_of(text, len));
    return dotenv_read(&buffer, "file.env", note, seen, err);
}

static void reads(const char *text, const char *expected)
{
    struct seen seen = {0};
    struct ssa_error err;
    SUCCEEDS(read_into(text, strlen(text), &seen, &err));
    assert_string_equal(seen.text, expected);
}

static void refuses(const char *text, const char *mention)
{
    struct seen seen = {0};
    struct ssa_error err;
    FAILS(read_into(text, strlen(text), &seen, &err), SSA_CONFIG, mention);
    assert_string_equal(err.subject, "file.env");
}

static void the_three_quotings_are_read(void **state)
{
    (void)state;
    reads("A=bare\nB='single'\nC=\"double\"\n", "1:A=bare\n2:B=single\n3:C=double\n");
    reads("A=\nB=''\nC=\"\"\nD=   \n", "1:A=\n2:B=\n3:C=\n4:D=\n");
    reads("A=x", "1:A=x\n");
    reads("A=", "1:A=\n");
    reads("A='x'", "1:A=x\n");
    reads("  A = x  \n\tB\t=\t'y'\t\n", "1:A=x\n2:B=y\n");
    reads("A=a=b=c\n", "1:A=a=b=c\n");
    reads("A=it's\n", "1:A=it's\n");
    reads("A='say \"x\"'\nB=\"it's\"\n", "1:A=say \"x\"\n2:B=it's\n");
    reads("export A=x\nexport  B='y'\nexported=1\n", "1:A=x\n2:B=y\n3:exported=1\n");
    reads("a.b-c_9=x\n_=y\n", "1:a.b-c_9=x\n2:_=y\n");
}

static void comments_and_blank_lines_are_passed_over(void **state)
{
    (void)state;
    reads("", "");
    reads("# c\n\n  # c = 'x\n \t\nA=x # c\nB='x # y' # c\nC=\"x\"# c\nD=x#y\n", "5:A=x\n6:B=x # y\n7:C=x\n8:D=x#y\n");
    reads("# A=x", "");
    reads("\n\n\n", "");
}

static void windows_files_are_read(void **state)
{
    (void)state;
    reads("A=x\r\n\r\n# c\r\nB='y'\r\nC=\"z\"  \r\n", "1:A=x\n4:B=y\n5:C=z\n");
    reads("\xef\xbb\xbf"
          "A=x\r\n",
          "1:A=x\n");
    reads("\xef\xbb\xbf", "");
    reads("A=x\r", "1:A=x\n");
}

static void old_blocks_have_keys_over_several_lines(void **state)
{
    (void)state;
    reads("A=\"1\n2\n3\"\nB=x\nC='4\n5'\nD=y\n", "1:A=1\n2\n3\n4:B=x\n5:C=4\n5\n7:D=y\n");
    reads("A=\"1\r\n2\"\r\nB=x\r\n", "1:A=1\r\n2\n3:B=x\n");
}

static void nothing_is_expanded(void **state)
{
    (void)state;
    reads("A='a$HOME'\nB='`id`'\nC='a\\nb'\nD=$HOME\n", "1:A=a$HOME\n2:B=`id`\n3:C=a\\nb\n4:D=$HOME\n");
    reads("A=\"a$HOME\"\n", "1:A=a$HOME\n");
}

static void what_readers_disagree_on_is_marked(void **state)
{
    (void)state;
    reads("A=\"a\\\"b\"\n", "1:A!=a\\\"b\n");
    reads("A=\"a\\nb\"\nB=\"x\"\n", "1:A!=a\\nb\n2:B=x\n");
    reads("A=\"a\\\\\"\n", "1:A!=a\\\\\n");
}

static void a_malformed_line_is_told_by_its_number(void **state)
{
    (void)state;
    refuses("A=x\nB\n", "line 2 ");
    refuses("A=x\n\n# c\n=x\n", "line 4 ");
    refuses("A B=x\n", "line 1 ");
    refuses("9A=x\n", "line 1 ");
    refuses("-A=x\n", "line 1 ");
    refuses("A\xc3\xa4=x\n", "line 1 ");
    refuses("export\n", "line 1 ");
    refuses("export A\n", "line 1 ");
    refuses("A=x\nB=\"y\nC=z\n", "line 2 opens a quote");
    refuses("A='x", "line 1 opens a quote");
    refuses("A='", "line 1 opens a quote");
    refuses("A=\"x\\", "line 1 opens a quote");
    refuses("A=\"x\\\"", "line 1 opens a quote");
    refuses("A='x'y\n", "line 1 has text after");
    refuses("A='x' y\n", "line 1 has text after");
    refuses("A='x\ny'z\n", "line 2 has text after");
    refuses("-----BEGIN PRIVATE KEY-----\nAAAA\n", "line 1 ");
}

static void line_numbers_count_escaped_line_breaks(void **state)
{
    (void)state;
    reads("A=\"1\\\n2\"\nB=x\n", "1:A!=1\\\n2\n3:B=x\n");
    refuses("A=\"1\\\n2\"\nB\n", "line 3 ");
}

static void a_message_never_repeats_a_value(void **state)
{
    (void)state;
    static const char *const texts[] = {"A='x' hunter2\n", "A hunter2\n", "A='hunter2", "hunter2\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct seen seen = {0};
        struct ssa_error err;
        char text[4096];
        FAILS(read_into(texts[i], strlen(texts[i]), &seen, &err), SSA_CONFIG, "line");
        ssa_error_text(&err, text, sizeof text);
        assert_null(strstr(text, "hunter2"));
    }
}

static void binary_files_are_refused(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct ssa_error err;
    FAILS(read_into("A=x\0\n", 5, &seen, &err), SSA_CONFIG, "zero byte");
}

static void a_visit_can_stop_the_reading(void **state)
{
    (void)state;
    struct seen seen = {.stop = true};
    struct ssa_error err;
    FAILS(read_into("A=x\nB\n", 6, &seen, &err), SSA_USAGE, "stopped");
    assert_string_equal(seen.text, "1:A=x\n");
}

static void writes(const char *value, const char *expected)
{
    struct ssa_error err;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, 1000, &err));
    SUCCEEDS(dotenv_append(&out, "A", value, &err));
    assert_string_equal(secret_text(&out), expected);
}

static void values_are_quoted_so_that_all_readers_agree(void **state)
{
    (void)state;
    writes("", "A=\"\"\n");
    writes("plain", "A=\"plain\"\n");
    writes("it's # fine!", "A=\"it's # fine!\"\n");
    writes("a$b", "A='a$b'\n");
    writes("a`b", "A='a`b'\n");
    writes("a\\b", "A='a\\b'\n");
    writes("a\"b", "A='a\"b'\n");
    writes("\xc3\xa4", "A=\"\xc3\xa4\"\n");
}

static void what_no_quoting_carries_is_refused_with_the_way_out(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, 1000, &err));
    static const char *const values[] = {"'$", "'`", "'\\", "'\""};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        FAILS(dotenv_append(&out, "APS_SECRET_ID", values[i], &err), SSA_CONFIG, "APS_SECRET_ID=file:PATH");
    FAILS(dotenv_append(&out, "A", "a\nb", &err), SSA_CONFIG, "control character");
    FAILS(dotenv_append(&out, "A", "a\tb\x1b", &err), SSA_CONFIG, "control character");
    FAILS(dotenv_append(&out, "A", "\x7f", &err), SSA_CONFIG, "control character");
    assert_int_equal(out.len, 0);
    SECRET_AUTO small = {0};
    SUCCEEDS(secret_new(&small, 8, &err));
    FAILS(dotenv_append(&small, "A", "12345678", &err), SSA_CONFIG, "does not fit");
}

enum { BATCH = 300, LONGEST = 24 };

// A value of letters that mean something to one reader or another; false where it is one that is refused.
static bool odd_value(char out[static LONGEST + 1])
{
    static const char letters[] = "ab \"'$`\\#=!;&|<>(){}[]*?~%-\xc3\xa4\xff\x80";
    const size_t len = unit_random(LONGEST + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = unit_random(3) == 0 ? letters[unit_random(sizeof letters - 1)] : (char)(' ' + unit_random(95));
    out[len] = '\0';
    const bool both_quotes = strchr(out, '\'') != NULL && strpbrk(out, "$`\\\"") != NULL;
    const bool escapes = strstr(out, "\\\\") != NULL || (len > 0 && out[len - 1] == '\\');
    return !both_quotes && !escapes;
}

struct batch {
    char values[BATCH][LONGEST + 1];
    size_t met;
};

static bool same_as_written(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct batch *batch = context;
    (void)err;
    char name[16];
    (void)text_format(name, sizeof name, "V%zu", batch->met);
    assert_string_equal(a->name, name);
    assert_string_equal(a->value, batch->values[batch->met]);
    assert_false(a->ambiguous);
    batch->met++;
    return true;
}

// What bash has in the variables after it has sourced the file, each with a NUL behind it.
static void bash_agrees(const char *path, const struct batch *batch)
{
    char command[1024];
    static char said[BATCH * (LONGEST + 1) + 1];
    (void)text_format(command, sizeof command,
                      "env -i bash -c '. \"$1\"; for ((i = 0; i < %d; i++)); do v=V$i; printf \"%%s\\0\" \"${!v}\"; "
                      "done' - %s",
                      BATCH, path);
    FILE *pipe = popen(command, "re"); // NOLINT(cert-env33-c)
    assert_non_null(pipe);
    const size_t got = fread(said, 1, sizeof said, pipe);
    assert_int_equal(pclose(pipe), 0);
    const char *at = said;
    for (size_t i = 0; i < BATCH; i++) {
        assert_true(at < said + got);
        assert_string_equal(at, batch->values[i]);
        at += strlen(at) + 1;
    }
}

static void what_is_written_is_read_again_by_us_and_by_bash(void **state)
{
    (void)state;
    static struct batch batch;
    struct ssa_error err;
    SECRET_AUTO text = {0};
    SUCCEEDS(secret_new(&text, (size_t)BATCH * (LONGEST + 12), &err));
    for (size_t i = 0; i < BATCH; i++) {
        char name[16];
        (void)text_format(name, sizeof name, "V%zu", i);
        while (!odd_value(batch.values[i]))
            FAILS(dotenv_append(&text, name, batch.values[i], &err), SSA_CONFIG, "quot");
        SUCCEEDS(dotenv_append(&text, name, batch.values[i], &err));
    }
    const char *path = unit_write("batch.env", secret_text(&text), 0600);
    bash_agrees(path, &batch);
    SUCCEEDS(dotenv_read(&text, "batch.env", same_as_written, &batch, &err));
    assert_int_equal(batch.met, BATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_quotings_are_read),
        cmocka_unit_test(comments_and_blank_lines_are_passed_over),
        cmocka_unit_test(windows_files_are_read),
        cmocka_unit_test(old_blocks_have_keys_over_several_lines),
        cmocka_unit_test(nothing_is_expanded),
        cmocka_unit_test(what_readers_disagree_on_is_marked),
        cmocka_unit_test(a_malformed_line_is_told_by_its_number),
        cmocka_unit_test(line_numbers_count_escaped_line_breaks),
        cmocka_unit_test(a_message_never_repeats_a_value),
        cmocka_unit_test(binary_files_are_refused),
        cmocka_unit_test(a_visit_can_stop_the_reading),
        cmocka_unit_test(values_are_quoted_so_that_all_readers_agree),
        cmocka_unit_test(what_no_quoting_carries_is_refused_with_the_way_out),
        cmocka_unit_test(what_is_written_is_read_again_by_us_and_by_bash),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
