// References to secrets: file:, env:, fd:, credential:.
#include "core/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/reference.h"
#include "config/secret_source.h"
#include "core/text.h"

static struct unit_heard heard;
static const struct ssa_callbacks callbacks = {.context = &heard, .tell = unit_tell};

static bool read_source(const char *text, struct secret *secret, struct ssa_error *err)
{
    heard = (struct unit_heard){0};
    assert_true(secret_new(secret, 32, err));
    const struct ssa_run run = {.callbacks = callbacks, .overwrite = true};
    return secret_source_read(text, "PIN source", &run, secret, err);
}

static void gives(const char *text, const char *expected)
{
    struct ssa_error err;
    SECRET_AUTO secret = {0};
    SUCCEEDS(read_source(text, &secret, &err));
    assert_string_equal(secret_text(&secret), expected);
}

static void refuses(const char *text, const char *mention)
{
    struct ssa_error err;
    SECRET_AUTO secret = {0};
    FAILS(read_source(text, &secret, &err), SSA_CONFIG, mention);
}

static const char *reference(const char *prefix, const char *path)
{
    static char text[600];
    (void)text_format(text, sizeof text, "%s%s", prefix, path);
    return text;
}

static void a_reference_is_known_by_its_prefix(void **state)
{
    (void)state;
    assert_int_equal(reference_kind("file:/x"), REFERENCE_FILE);
    assert_int_equal(reference_kind("env:X"), REFERENCE_ENV);
    assert_int_equal(reference_kind("fd:3"), REFERENCE_FD);
    assert_int_equal(reference_kind("credential:x"), REFERENCE_CREDENTIAL);
    static const char *const none[] = {"", "1234", "file", "File:/x", "/x", "pkcs11:type=data", " file:/x", "|cat"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(reference_kind(none[i]), REFERENCE_NONE);
}

static void a_file_gives_its_text_without_the_last_line_break(void **state)
{
    (void)state;
    gives(reference("file:", unit_write("pin", "1234\n", 0600)), "1234");
    assert_int_equal(heard.count, 0);
    gives(reference("file://", unit_path("pin")), "1234");
    gives(reference("file:", unit_write("pin", "12 34", 0600)), "12 34");
    gives(reference("file:", unit_write("pin", "1234\r\n", 0600)), "1234");
    assert_int_equal(chdir(unit_in), 0);
    gives("file:pin", "1234");
    assert_int_equal(chdir("/"), 0);
    // Just as long as there is room for, and one more.
    gives(reference("file:", unit_write("pin", "12345678901234567890123456789012", 0600)),
          "12345678901234567890123456789012");
    refuses(reference("file:", unit_write("pin", "123456789012345678901234567890123", 0600)), "longer than");
}

static void a_file_that_others_can_read_is_told(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0644, 0620};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        gives(reference("file:", unit_write("pin", "1234", modes[i])), "1234");
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.level, SSA_WARNING);
        assert_non_null(strstr(heard.line, "chmod 600"));
        assert_null(strstr(heard.line, "1234"));
    }
    gives(reference("file:", unit_write("pin", "1234", 0400)), "1234");
    assert_int_equal(heard.count, 0);
}

static void what_cannot_be_read_is_told_with_its_name(void **state)
{
    (void)state;
    refuses("file:/nowhere/pin", "/nowhere/pin: cannot be read (No such file or directory)");
    refuses("file:", "names no file");
    refuses(reference("file:", unit_in), "Is a directory");
    refuses(reference("file:", unit_write("pin", "\n", 0600)), "is empty");
    refuses(reference("file:", unit_write("pin", "", 0600)), "is empty");
}

static void a_variable_is_overwritten_where_it_stands(void **state)
{
    (void)state;
    assert_int_equal(setenv("SOME_PIN", "1234", 1), 0);
    const char *where = getenv("SOME_PIN");
    gives("env:SOME_PIN", "1234");
    assert_memory_equal(where, "\0\0\0\0", 5);
    refuses("env:SOME_PIN", "not set");
    assert_int_equal(unsetenv("SOME_PIN"), 0);
    refuses("env:SOME_PIN", "not set");
    refuses("env:", "not set");
    assert_int_equal(setenv("SOME_PIN", "123456789012345678901234567890123", 1), 0);
    refuses("env:SOME_PIN", "longer than 32");
    assert_string_equal(getenv("SOME_PIN"), "");
    assert_int_equal(setenv("SOME_PIN", "1234\n", 1), 0);
    gives("env:SOME_PIN", "1234");
}

static int open_pipe(const char *text)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(ends[1]), 0);
    return ends[0];
}

static void a_descriptor_is_read_to_its_end_and_closed(void **state)
{
    (void)state;
    char text[32];
    const int fd = open_pipe("1234\n");
    (void)text_format(text, sizeof text, "fd:%d", fd);
    gives(text, "1234");
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    refuses(text, "Bad file descriptor");
    static const char *const bad[] = {"fd:", "fd:x", "fd:3x", "fd:-1", "fd:99999999999999999999", "fd:3 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses(bad[i], "is not a file descriptor");
}

static void a_credential_is_a_file_of_systemd_s_folder(void **state)
{
    (void)state;
    (void)unit_write("credentials/pin", "1234", 0400);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    refuses("credential:pin", "CREDENTIALS_DIRECTORY");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", unit_path("credentials"), 1), 0);
    gives("credential:pin", "1234");
    refuses("credential:", "slash");
    refuses("credential:../pin", "slash");
    refuses("credential:other", "No such file or directory");
    refuses("credential:..", "Is a directory");
}

// As editors of other systems write files: tried as a PIN, it would cost a try.
static void another_encoding_is_refused_by_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *mention;
    } files[] = {
        {"\xef\xbb\xbf"
         "1234\n",
         8, "byte order mark of UTF-8"},
        {"\xef\xbb\xbf", 3, "byte order mark of UTF-8"},
        {"\xff\xfe"
         "1\0002\0003\0\r\0\n\0",
         12, "byte order mark of UTF-16"},
        {"\xfe\xff"
         "\0001\0002\0\n",
         8, "byte order mark of UTF-16"},
        {"\xff\xfe\0\0"
         "1\0\0\0",
         8, "byte order mark of UTF-32"},
        {"\0\0\xfe\xff\0\0\0"
         "1",
         8, "byte order mark of UTF-32"},
        {"1\0002\0003\0004\0", 8, "NUL byte"},
        {"\0001\0002\0003\0004", 8, "NUL byte"},
        {"1234\0\n", 6, "NUL byte"},
        {"\0", 1, "NUL byte"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *path = unit_write("pin", "", 0600);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(files[i].bytes, 1, files[i].len, file), files[i].len);
        assert_int_equal(fclose(file), 0);
        refuses(reference("file:", path), files[i].mention);
    }
    assert_int_equal(setenv("SOME_PIN",
                            "\xef\xbb\xbf"
                            "1234",
                            1),
                     0);
    refuses("env:SOME_PIN", "byte order mark of UTF-8");
    char text[32];
    (void)text_format(text, sizeof text, "fd:%d",
                      open_pipe("\xff\xfe"
                                "1"));
    refuses(text, "byte order mark of UTF-16");
    // Letters of any language are no mark.
    gives(reference("file:", unit_write("pin", "\xc3\xa4\xef\xbb\xbf\n", 0600)), "\xc3\xa4\xef\xbb\xbf");
}

static void what_nobody_types_is_no_secret(void **state)
{
    (void)state;
    static const struct {
        const char *text, *mention;
    } files[] = {
        {"1234\n5678\n", "more than one line"},
        {"1234\n\n", "more than one line"},
        {"1234\r", "more than one line"},
        {"\r\n1234\n", "more than one line"},
        {"\x1b[31m1234\n", "control character"},
        {"1234\x1a", "control character"},
        {"1234\x7f", "control character"},
        // UTF-16 of letters that are not Latin.
        {"\x3f\x04\x40\x04\x38\x04", "control character"},
        {"\x04\x3f\x04\x40\x04\x38", "control character"},
        {"\n", "is empty"},
        {"\r\n", "is empty"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        refuses(reference("file:", unit_write("pin", files[i].text, 0600)), files[i].mention);
    assert_int_equal(setenv("SOME_PIN", "1234\n5678", 1), 0);
    refuses("env:SOME_PIN", "more than one line");
    gives(reference("file:", unit_write("pin", " a b\tc \n", 0600)), " a b\tc ");
    gives(reference("file:", unit_write("pin", "\xd0\xbf\xd1\x80\r\n", 0600)), "\xd0\xbf\xd1\x80");
}

// It may be the secret itself.
static void what_is_no_reference_is_not_repeated(void **state)
{
    (void)state;
    struct ssa_error err;
    char text[4096];
    SECRET_AUTO secret = {0};
    FAILS(read_source("hunter2", &secret, &err), SSA_CONFIG, "PIN source: is not one of");
    ssa_error_text(&err, text, sizeof text);
    assert_null(strstr(text, "hunter2"));
}

static void a_path_can_be_had_without_reading(void **state)
{
    (void)state;
    char path[PATH_TEXT_MAX];
    struct ssa_error err;
    SUCCEEDS(reference_path("file:///a/b", path, &err));
    assert_string_equal(path, "/a/b");
    SUCCEEDS(reference_path("file:/a", path, &err));
    assert_string_equal(path, "/a");
    SUCCEEDS(reference_path("file:a", path, &err));
    assert_string_equal(path, "a");
    char many[PATH_TEXT_MAX + 10] = "file:";
    memset(many + 5, 'x', sizeof many - 6);
    FAILS(reference_path(many, path, &err), SSA_CONFIG, "names no file");
}

static void a_reference_may_name_a_descriptor(void **state)
{
    static const struct {
        const char *text;
        int number;
    } cases[] = {
        {"fd:3", 3},
        {"fd:0", 0},
        {"file:/dev/fd/63", 63},
        {"file:///proc/self/fd/9", 9},
        {"file:/dev/stdin", 0},
        {"fd:", -1},
        {"fd:-1", -1},
        {"fd:3x", -1},
        {"fd:99999999999", -1},
        {"file:/dev/fd/", -1},
        {"file:/dev/fd/1/x", -1},
        {"file:/tmp/3", -1},
        {"file:dev/fd/3", -1},
        {"env:3", -1},
        {"pinentry", -1},
        {"3", -1},
        {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(reference_descriptor(cases[i].text), cases[i].number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_known_by_its_prefix),
        cmocka_unit_test(a_file_gives_its_text_without_the_last_line_break),
        cmocka_unit_test(a_file_that_others_can_read_is_told),
        cmocka_unit_test(what_cannot_be_read_is_told_with_its_name),
        cmocka_unit_test(a_variable_is_overwritten_where_it_stands),
        cmocka_unit_test(a_descriptor_is_read_to_its_end_and_closed),
        cmocka_unit_test(a_credential_is_a_file_of_systemd_s_folder),
        cmocka_unit_test(another_encoding_is_refused_by_its_name),
        cmocka_unit_test(what_nobody_types_is_no_secret),
        cmocka_unit_test(what_is_no_reference_is_not_repeated),
        cmocka_unit_test(a_path_can_be_had_without_reading),
        cmocka_unit_test(a_reference_may_name_a_descriptor),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
