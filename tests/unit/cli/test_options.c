// The command line: long and short options, bundles, "--", and the command that exec runs.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"

#define LINE(...) ((char *[]){__VA_ARGS__, NULL})

// values[OPT_SCOPE] is not to be used of the copy: it points into the original.
static struct arguments reads(char **argv)
{
    struct arguments a;
    struct ssa_error err;
    SUCCEEDS(arguments_read(&a, argv, &err));
    return a;
}

static void refuses(char **argv, const char *mention)
{
    struct arguments a;
    struct ssa_error err;
    FAILS(arguments_read(&a, argv, &err), SSA_USAGE, mention);
}

static void options_stand_before_behind_and_between_words(void **state)
{
    (void)state;
    struct arguments a =
        reads(LINE("-p", "work", "account", "--force", "create", "A", "B", "--output=x.env"));
    assert_int_equal(a.word_count, 4);
    assert_string_equal(a.words[0], "account");
    assert_string_equal(a.words[3], "B");
    assert_string_equal(a.values[OPT_PROFILE], "work");
    assert_string_equal(a.values[OPT_OUTPUT], "x.env");
    assert_true(a.given[OPT_FORCE]);
    assert_false(a.given[OPT_SHRED]);
    assert_null(a.rest);
    a = reads((char *[]){NULL});
    assert_int_equal(a.word_count, 0);
}

static void a_value_follows_or_stands_behind_the_sign(void **state)
{
    (void)state;
    assert_string_equal(reads(LINE("--profile", "x")).values[OPT_PROFILE], "x");
    assert_string_equal(reads(LINE("--profile=x")).values[OPT_PROFILE], "x");
    assert_string_equal(reads(LINE("--profile=a=b")).values[OPT_PROFILE], "a=b");
    assert_string_equal(reads(LINE("-p", "x")).values[OPT_PROFILE], "x");
    assert_string_equal(reads(LINE("-px")).values[OPT_PROFILE], "x");
    // What looks like an option is a value where one is due.
    assert_string_equal(reads(LINE("--profile", "--force")).values[OPT_PROFILE], "--force");
    assert_string_equal(reads(LINE("--profile", "--")).values[OPT_PROFILE], "--");
}

static void letters_may_stand_together(void **state)
{
    (void)state;
    struct arguments a = reads(LINE("-vlp", "x"));
    assert_true(a.given[OPT_VERBOSE] && a.given[OPT_LOGIN]);
    assert_string_equal(a.values[OPT_PROFILE], "x");
    a = reads(LINE("-vpl"));
    assert_string_equal(a.values[OPT_PROFILE], "l");
    assert_false(a.given[OPT_LOGIN]);
    assert_true(reads(LINE("-vv")).given[OPT_VERBOSE]);
}

static void what_follows_two_dashes_is_left_alone(void **state)
{
    (void)state;
    char **line = LINE("exec", "-v", "--", "cmd", "--force", "--", "-p");
    struct arguments a = reads(line);
    assert_ptr_equal(a.rest, line + 3);
    assert_int_equal(a.word_count, 1);
    assert_true(a.given[OPT_VERBOSE]);
    assert_false(a.given[OPT_FORCE]);
    line = LINE("token", "--");
    a = reads(line);
    assert_ptr_equal(a.rest, line + 2);
    assert_null(a.rest[0]);
}

static void exec_s_command_keeps_its_options(void **state)
{
    (void)state;
    char **line = LINE("-p", "x", "exec", "-s", "data:read", "curl", "-v", "--", "x");
    struct arguments a = reads(line);
    assert_ptr_equal(a.rest, line + 5);
    assert_string_equal(a.scope, "data:read");
    assert_false(a.given[OPT_VERBOSE]);
    // Only where exec is the command.
    assert_null(reads(LINE("key", "exec", "x")).rest);
}

static void scopes_add_up(void **state)
{
    (void)state;
    assert_string_equal(reads(LINE("-s", "a", "--scope=b,c", "-sd")).scope, "a b,c d");
    struct arguments whole;
    struct ssa_error err;
    SUCCEEDS(arguments_read(&whole, LINE("-sa", "-sb"), &err));
    assert_string_equal(whole.values[OPT_SCOPE], "a b");
    static char many[SCOPE_ARGUMENT_MAX];
    memset(many, 'x', sizeof many - 1);
    assert_int_equal(strlen(reads(LINE("-s", many)).scope), SCOPE_ARGUMENT_MAX - 1);
    refuses(LINE("-s", many, "-s", "y"), "longer than");
}

static void profiles_are_a_list(void **state)
{
    (void)state;
    const struct arguments a = reads(LINE("-p", "x", "token", "--profile=y:z", "-pw"));
    assert_int_equal(a.profile_count, 3);
    assert_string_equal(a.values[OPT_PROFILE], "x");
    assert_string_equal(a.profiles[1], "y:z");
    assert_string_equal(a.profiles[2], "w");
    assert_int_equal(reads(LINE("token")).profile_count, 0);
    refuses(LINE("-p1", "-p2", "-p3", "-p4", "-p5", "-p6", "-p7", "-p8", "-p9"), "more than 8 times");
}

static void a_single_dash_is_a_word(void **state)
{
    (void)state;
    const struct arguments a = reads(LINE("key", "import", "-"));
    assert_int_equal(a.word_count, 3);
    assert_string_equal(a.words[2], "-");
}

static void slips_are_told_with_the_way_out(void **state)
{
    (void)state;
    refuses(LINE("--profle", "x"), "Did you mean --profile?");
    refuses(LINE("--profle=x"), "there is no option --profle");
    refuses(LINE("--zebra"), "--help");
    refuses(LINE("-Z"), "there is no option -Z");
    refuses(LINE("-vZ"), "there is no option -Z");
    refuses(LINE("--"
                 "=x"),
            "there is no option");
    refuses(LINE("---"), "there is no option");
    refuses(LINE("--prof", "x"), "there is no option --prof");
    refuses(LINE("--profile"), "--profile needs a value: --profile NAME");
    refuses(LINE("-p"), "-p needs a value");
    refuses(LINE("--profile="), "empty value");
    refuses(LINE("-p", ""), "empty value");
    refuses(LINE("--force=yes"), "--force takes no value");
    refuses(LINE("--force="), "--force takes no value");
    refuses(LINE("-f", "x", "--format", "y"), "given twice");
    refuses(LINE("1", "2", "3", "4", "5", "6", "7", "8", "9"), "9: is one argument too many");
}

// The PIN itself is never an argument, and a mistyped one is not shown either.
static void there_is_no_option_for_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        assert_string_not_equal(option_table[i].name, "pin");
        assert_null(strstr(option_table[i].name, "password"));
        assert_string_not_equal(option_table[i].name, "client-secret");
    }
    struct arguments a;
    struct ssa_error err;
    char text[4096];
    FAILS(arguments_read(&a, LINE("--pin=hunter2"), &err), SSA_USAGE, "there is no option --pin");
    ssa_error_text(&err, text, sizeof text);
    assert_null(strstr(text, "hunter2"));
}

static void every_option_is_told_apart_and_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        assert_non_null(option_table[i].name);
        assert_non_null(option_table[i].help);
        for (size_t k = 0; k < i; k++) {
            // One name may mean two things, where a command of its own tells them apart.
            assert_true(strcmp(option_table[i].name, option_table[k].name) != 0 ||
                        option_table[i].only != NULL);
            assert_true(option_table[i].letter == 0 || option_table[i].letter != option_table[k].letter);
        }
    }
}

static void seconds_are_whole_and_within_bounds(void **state)
{
    (void)state;
    unsigned seconds = 0;
    struct ssa_error err;
    SUCCEEDS(parse_seconds("1", "timeout", 1, 300, &seconds, &err));
    assert_int_equal(seconds, 1);
    SUCCEEDS(parse_seconds("300", "timeout", 1, 300, &seconds, &err));
    assert_int_equal(seconds, 300);
    static const char *const bad[] = {"",          "0",  "301", "-1",  "+5",  " 5",
                                      "5 ",        "5s", "x",   "1.5", "0x5", "99999999999999999999",
                                      "4294967297"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS(parse_seconds(bad[i], "timeout", 1, 300, &seconds, &err), SSA_USAGE, "--timeout takes");
    assert_int_equal(seconds, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_before_behind_and_between_words),
        cmocka_unit_test(a_value_follows_or_stands_behind_the_sign),
        cmocka_unit_test(letters_may_stand_together),
        cmocka_unit_test(what_follows_two_dashes_is_left_alone),
        cmocka_unit_test(exec_s_command_keeps_its_options),
        cmocka_unit_test(scopes_add_up),
        cmocka_unit_test(profiles_are_a_list),
        cmocka_unit_test(a_single_dash_is_a_word),
        cmocka_unit_test(slips_are_told_with_the_way_out),
        cmocka_unit_test(there_is_no_option_for_a_secret),
        cmocka_unit_test(every_option_is_told_apart_and_explained),
        cmocka_unit_test(seconds_are_whole_and_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
