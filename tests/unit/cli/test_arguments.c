// The command line: which command it names, its options, "--", and the program that exec runs.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "cli/command/common.h"
#include "cli/commands.h"
#include "cli/help/facts.h"
#include "cli/token/request.h"

#define LINE(...) ((char *[]){__VA_ARGS__, NULL})

static struct arguments reads(char **argv)
{
    struct arguments a;
    struct ssa_error err;
    SUCCEEDS(arguments_read(&a, commands, argv, &err));
    return a;
}

static void refuses(char **argv, const char *mention)
{
    struct arguments a;
    struct ssa_error err;
    FAILS(arguments_read(&a, commands, argv, &err), SSA_USAGE, mention);
}

// Of a line that can be read, and then is not what the command takes.
static void misuses(char **argv, const char *mention)
{
    struct arguments a = reads(argv);
    struct ssa_error err;
    FAILS(usage_check(&a, commands, &err), SSA_USAGE, mention);
}

static const struct option *find(const struct arguments *a, const char *name)
{
    for (size_t i = 0; i < a->given_count; i++)
        if (strcmp(a->given[i].option->name, name) == 0)
            return a->given[i].option;
    return NULL;
}

static bool has(const struct arguments *a, const char *name)
{
    return find(a, name) != NULL;
}

static const char *value(const struct arguments *a, const char *name)
{
    const struct option *option = find(a, name);
    assert_non_null(option);
    return option_value(a, option);
}

static void reads_value(char **argv, const char *name, const char *expected)
{
    const struct arguments a = reads(argv);
    assert_string_equal(value(&a, name), expected);
}

static const char *command_of(char **argv)
{
    struct arguments a;
    struct ssa_error err;
    // Which command it is, is known also where the line cannot be read.
    const bool whole = arguments_read(&a, commands, argv, &err);
    (void)whole;
    return a.command != NULL ? a.command->name : "none";
}

static void options_stand_before_behind_and_between_words(void **state)
{
    (void)state;
    const struct arguments a = reads(LINE("-p", "work", "account", "--force", "create", "A", "B", "--output=x.env"));
    assert_string_equal(a.command->name, "account create");
    assert_int_equal(a.word_count, 2);
    assert_string_equal(a.words[0], "A");
    assert_string_equal(a.words[1], "B");
    assert_string_equal(value(&a, "profile"), "work");
    assert_string_equal(value(&a, "output"), "x.env");
    assert_true(has(&a, "force"));
    assert_false(has(&a, "yes"));
    assert_null(a.rest);
    assert_null(reads((char *[]){NULL}).command);
}

static void an_option_is_read_as_its_command_has_it(void **state)
{
    (void)state;
    // A switch for one command, and a value for the other.
    struct arguments a = reads(LINE("--replace", "key", "create"));
    assert_string_equal(a.command->name, "key create");
    assert_null(value(&a, "replace"));
    a = reads(LINE("--replace", "K1", "key", "rotate"));
    assert_string_equal(a.command->name, "key rotate");
    assert_string_equal(value(&a, "replace"), "K1");
    // The words of another command are arguments here.
    a = reads(LINE("account", "create", "secret", "import", "--force"));
    assert_string_equal(a.command->name, "account create");
    assert_true(has(&a, "force"));
    a = reads(LINE("secret", "import", "--force"));
    assert_string_equal(a.command->name, "secret import");
    assert_true(has(&a, "force"));
}

static void the_first_words_name_the_command(void **state)
{
    (void)state;
    assert_string_equal(command_of(LINE("key", "list")), "key list");
    assert_string_equal(command_of(LINE("token", "x")), "token");
    assert_string_equal(command_of(LINE("-a", "x", "key", "-l", "list", "-y")), "key list");
    assert_string_equal(command_of(LINE("--email", "x", "token")), "token");
    assert_string_equal(command_of(LINE("--nowhere", "token")), "token");
    assert_string_equal(command_of(LINE("exec", "--nowhere", "cmd")), "exec");
    assert_string_equal(command_of(LINE("key")), "none");
    assert_string_equal(command_of(LINE("key", "lists")), "none");
    assert_string_equal(command_of(LINE("ke", "list")), "none");
    assert_string_equal(command_of(LINE("x", "key", "list")), "none");
    assert_string_equal(command_of(LINE("-p", "token")), "none");
}

static void a_value_follows_or_stands_behind_the_sign(void **state)
{
    (void)state;
    reads_value(LINE("--profile", "x"), "profile", "x");
    reads_value(LINE("--profile=x"), "profile", "x");
    reads_value(LINE("--profile=a=b"), "profile", "a=b");
    reads_value(LINE("-p", "x"), "profile", "x");
    reads_value(LINE("-px"), "profile", "x");
    // What looks like an option is a value where one is due.
    reads_value(LINE("--profile", "--force"), "profile", "--force");
    reads_value(LINE("--profile", "--"), "profile", "--");
}

static void letters_may_stand_together(void **state)
{
    (void)state;
    struct arguments a = reads(LINE("-vlp", "x", "hsm", "list"));
    assert_true(has(&a, "verbose") && has(&a, "login"));
    assert_string_equal(value(&a, "profile"), "x");
    a = reads(LINE("-vpl"));
    assert_string_equal(value(&a, "profile"), "l");
    assert_false(has(&a, "login"));
    a = reads(LINE("-vv"));
    assert_true(has(&a, "verbose"));
    assert_int_equal(a.given_count, 1);
}

static void what_follows_two_dashes_is_left_alone(void **state)
{
    (void)state;
    char **line = LINE("exec", "-v", "--", "cmd", "--force", "--", "-p");
    struct arguments a = reads(line);
    assert_ptr_equal(a.rest, line + 3);
    assert_int_equal(a.word_count, 0);
    assert_true(has(&a, "verbose"));
    assert_int_equal(a.given_count, 1);
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct arguments a = reads(LINE("token", "--"));
    assert_null(a.rest);
    assert_int_equal(a.word_count, 0);
    a = reads(LINE("account", "create", "--force", "--", "-First", "--last"));
    assert_true(has(&a, "force"));
    assert_int_equal(a.word_count, 2);
    assert_string_equal(a.words[0], "-First");
    assert_string_equal(a.words[1], "--last");
    assert_string_equal(reads(LINE("key", "import", "--", "--")).words[0], "--");
    assert_string_equal(command_of(LINE("-v", "--", "key", "list")), "key list");
    assert_string_equal(command_of(LINE("--", "--help")), "none");
    a = reads(LINE("--", "exec", "-v"));
    assert_string_equal(a.rest[0], "-v");
    misuses(LINE("token", "--", "-x"), "token takes no arguments (got: -x)");
}

static void exec_s_program_keeps_its_options(void **state)
{
    (void)state;
    char **line = LINE("-p", "x", "exec", "-s", "data:read", "curl", "-v", "--", "x");
    const struct arguments a = reads(line);
    assert_ptr_equal(a.rest, line + 5);
    assert_string_equal(value(&a, "scope"), "data:read");
    assert_false(has(&a, "verbose"));
    // Only where exec is the command.
    assert_null(reads(LINE("key", "exec", "x")).rest);
}

static void scopes_add_up(void **state)
{
    (void)state;
    static struct request request;
    struct ssa_error err;
    struct arguments a = reads(LINE("token", "-s", "a", "--scope=b,c", "-sd"));
    SUCCEEDS(request_read(&a, &request, &err));
    assert_string_equal(request.wanted.scope, "a b,c d");
    a = reads(LINE("token"));
    SUCCEEDS(request_read(&a, &request, &err));
    assert_null(request.wanted.scope);
    static char many[SCOPE_MAX];
    memset(many, 'x', sizeof many - 1);
    a = reads(LINE("token", "-s", many));
    SUCCEEDS(request_read(&a, &request, &err));
    assert_int_equal(strlen(request.wanted.scope), SCOPE_MAX - 1);
    a = reads(LINE("token", "-s", many, "-s", "y"));
    FAILS(request_read(&a, &request, &err), SSA_USAGE, "longer than");
}

static void profiles_are_a_list(void **state)
{
    (void)state;
    const char *profiles[GIVEN_MAX];
    struct arguments a = reads(LINE("-p", "x", "token", "--profile=y:z", "-pw"));
    assert_int_equal(option_values(&a, &option_profile, profiles), 3);
    assert_string_equal(profiles[0], "x");
    assert_string_equal(profiles[1], "y:z");
    assert_string_equal(profiles[2], "w");
    a = reads(LINE("token"));
    assert_int_equal(option_values(&a, &option_profile, profiles), 0);
    misuses(LINE("token", "-p1", "-p2", "-p3", "-p4", "-p5", "-p6", "-p7", "-p8", "-p9"), "more than 8 times");
    misuses(LINE("key", "list", "-p1", "-p2"), "takes only one --profile");
}

static void a_single_dash_is_a_word(void **state)
{
    (void)state;
    const struct arguments a = reads(LINE("key", "import", "-"));
    assert_int_equal(a.word_count, 1);
    assert_string_equal(a.words[0], "-");
}

static void a_slip_is_told_with_the_way_out(void **state)
{
    (void)state;
    refuses(LINE("token", "--profle", "x"), "token has no option --profle");
    refuses(LINE("--profle=x", "token"), "Did you mean --profile?");
    refuses(LINE("--profle=x"), "there is no option --profle");
    refuses(LINE("token", "--scpoe"), "Did you mean --scope?");
    // Only what the command has is suggested.
    refuses(LINE("key", "list", "--scpoe"), "`ssa-hsm key list --help`");
    refuses(LINE("token", "--shred"), "token has no option --shred");
    refuses(LINE("account", "create", "A", "B", "--shred"), "account create has no option --shred");
    refuses(LINE("--zebra"), "`ssa-hsm --help`");
    refuses(LINE("-Z"), "there is no option -Z");
    refuses(LINE("jwt", "-vZ"), "jwt has no option -Z");
    refuses(LINE("jwt", "-f", "x"), "jwt has no option -f");
    refuses(LINE("--"
                 "=x"),
            "there is no option");
    refuses(LINE("---"), "there is no option");
    refuses(LINE("--prof", "x"), "there is no option --prof");
    refuses(LINE("token", "-profile", "x"), "Did you mean --profile?");
    refuses(LINE("token", "-format=json"), "-format has one dash");
    refuses(LINE("--profile"), "--profile needs a value: --profile PROFILE");
    refuses(LINE("-p"), "-p needs a value: --profile PROFILE");
    refuses(LINE("--profile="), "empty value");
    refuses(LINE("-p", ""), "empty value");
    refuses(LINE("key", "create", "--force=yes"), "--force takes no value");
    refuses(LINE("key", "create", "--force="), "--force takes no value");
    refuses(LINE("token", "-f", "env", "--format", "json"), "given twice");
    refuses(LINE("token", "-f", "jsno"), "Did you mean --format json?");
    refuses(LINE("key", "create", "--import=zzzzzz"), "It takes auto, plain or wrap.");
    refuses(LINE("1", "2", "3", "4", "5", "6", "7", "8", "9"), "9: there are too many arguments");
}

static void an_option_without_use_is_refused(void **state)
{
    (void)state;
    refuses(LINE("token", "--token", "nonsense"), "token does not use --token");
    refuses(LINE("--token=nonsense", "token"), "token does not use --token");
    refuses(LINE("account", "list", "--so-pin-source", "file:x"), "account list does not use --so-pin-source");
    refuses(LINE("jwt", "--base-url", "https://x"), "jwt does not use --base-url");
    refuses(LINE("jwt", "--insecure-http"), "jwt does not use --insecure-http");
    refuses(LINE("hsm", "list", "--client-id", "x"), "hsm list does not use --client-id");
    refuses(LINE("history", "-p", "x"), "history does not use --profile");
    refuses(LINE("history", "--pin-retry"), "`ssa-hsm history --help`");
    // What is refused is not what is meant.
    refuses(LINE("history", "--profil", "x"), "`ssa-hsm history --help`");
    // Its value is not taken for the command's name.
    assert_string_equal(command_of(LINE("--token", "jwt", "history")), "history");
    assert_true(has((const struct arguments[]){reads(LINE("history", "--timeout", "9", "-v"))}, "timeout"));
}

// A command that asks for something in the settings must not refuse the option for it.
static void what_belongs_together_is_used_together(void **state)
{
    (void)state;
    for (command_list c = commands; *c != NULL; c++) {
        const enum use uses = (*c)->uses;
        assert_true((uses & USE_TOKEN) == 0 || (uses & USE_LOGIN) != 0);
        assert_true((uses & USE_TLS) == 0 || (uses & USE_API) == USE_API);
        assert_true((uses & USE_CLIENT) == 0 || (uses & USE_PROFILE) != 0);
        assert_true(!(*c)->falls_back || (uses & USE_PROFILE) != 0);
        assert_true(!(*c)->writes_profile || (uses & USE_ALL) == USE_ALL);
    }
}

static const struct option *awaits(char **argv, struct arguments *a, bool *over)
{
    return arguments_read_part(a, commands, argv, over);
}

static void a_part_of_a_line_says_what_comes_next(void **state)
{
    (void)state;
    struct arguments a;
    bool over = true;
    assert_ptr_equal(awaits(LINE("token", "-p"), &a, &over), &option_profile);
    assert_false(over);
    assert_ptr_equal(awaits(LINE("token", "--nonsense", "-vp"), &a, &over), &option_profile);
    assert_ptr_equal(awaits(LINE("--timeout"), &a, &over), &option_timeout);
    // A value is there, or the option has none, or is not one of this command.
    assert_null(awaits(LINE("token", "-p", "x"), &a, &over));
    assert_null(awaits(LINE("token", "--profile=x"), &a, &over));
    assert_null(awaits(LINE("token", "-v"), &a, &over));
    assert_null(awaits(LINE("token", "--token"), &a, &over));
    assert_null(awaits(LINE("account", "create", "A", "--", "-p"), &a, &over));
    assert_true(over);
    assert_int_equal(a.word_count, 2);
    assert_null(awaits(LINE("exec", "-v", "cmd", "-p"), &a, &over));
    assert_string_equal(a.rest[0], "cmd");
    assert_null(awaits(LINE("1", "2", "3", "4", "5", "6", "7", "8", "9"), &a, &over));
    assert_int_equal(a.word_count, WORDS_MAX);
}

static void what_a_command_does_not_take_is_quoted(void **state)
{
    (void)state;
    misuses(LINE("token", "extra"), "token takes no arguments (got: extra)");
    misuses(LINE("account", "create", "A", "B", "C", "D"), "takes only FIRST LAST (got also: C D)");
    misuses(LINE("account", "create", "A"), "account create needs FIRST LAST");
    misuses(LINE("exec"), "exec needs -- CMD");
    misuses(LINE("exec", "--"), "exec needs -- CMD");
    misuses(LINE("-v"), "no command given");
    misuses(LINE("tokne"), "Did you mean `ssa-hsm token`?");
    misuses(LINE("create", "account"), "Did you mean `ssa-hsm account create`?");
    misuses(LINE("list", "keys"), "Did you mean `ssa-hsm key list`?");
    misuses(LINE("secret"), "secret import, secret remove");
    misuses(LINE("token", "-v", "-q"), "--quiet and --verbose cannot be used together");
}

typedef void (*option_check)(const struct option *option, const struct command *command);

static void for_each_option(option_check check)
{
    for (option_list o = common_options; *o != NULL; o++)
        check(*o, NULL);
    for (command_list c = commands; *c != NULL; c++)
        for (option_list o = (*c)->options; o != NULL && *o != NULL; o++)
            check(*o, *c);
}

static void holds_no_secret(const struct option *option, const struct command *command)
{
    (void)command;
    assert_string_not_equal(option->name, "pin");
    assert_null(strstr(option->name, "password"));
    assert_string_not_equal(option->name, "client-secret");
}

// The PIN itself is never an argument, and a mistyped one is not shown either.
static void there_is_no_option_for_a_secret(void **state)
{
    (void)state;
    struct arguments a;
    struct ssa_error err;
    char text[4096];
    for_each_option(holds_no_secret);
    FAILS(arguments_read(&a, commands, LINE("token", "--pin=hunter2"), &err), SSA_USAGE, "no option --pin");
    ssa_error_text(&err, text, sizeof text);
    assert_null(strstr(text, "hunter2"));
}

static void is_apart_from(const struct option *option, option_list others)
{
    for (; others != NULL && *others != NULL; others++)
        if (*others != option) {
            assert_string_not_equal((*others)->name, option->name);
            assert_true(option->letter == 0 || option->letter != (*others)->letter);
        }
}

static void is_explained(const struct option *option, const struct command *command)
{
    assert_non_null(option->help);
    assert_true(strlen(option->help) < 90);
    is_apart_from(option, common_options);
    if (command != NULL)
        is_apart_from(option, command->options);
}

static void every_option_is_told_apart_and_explained(void **state)
{
    (void)state;
    for_each_option(is_explained);
}

// Takes a line apart as a shell does, up to a pipe. The words stay in the line.
static void split(char *line, char *words[static 17])
{
    size_t count = 0;
    while (*line != '\0' && *line != '|' && count < 16) {
        const char quote = *line == '"' || *line == '\'' ? *line++ : '\0';
        const char ends[] = {quote != '\0' ? quote : ' ', '\0'};
        words[count++] = line;
        line += strcspn(line, ends);
        while (*line != '\0' && (*line == ' ' || *line == quote))
            *line++ = '\0';
    }
    words[count] = NULL;
}

static void examples_are_right(const struct command *command)
{
    const struct example *example = command->examples;
    assert_non_null(example);
    for (; example->line != NULL; example++) {
        char line[256], *words[17];
        struct ssa_error err;
        assert_true((size_t)snprintf(line, sizeof line, "%s", example->line) < sizeof line);
        split(line, words);
        const struct arguments a = reads(words);
        assert_ptr_equal(a.command, command);
        SUCCEEDS(usage_check(&a, commands, &err));
        assert_int_equal(example->help[strlen(example->help) - 1], '.');
    }
}

// Each argument that the usage names has an explanation, in the same order.
static void arguments_are_explained(const struct command *command)
{
    const struct argument *argument = command->argument_help;
    const char *at = command->arguments;
    if (at == NULL)
        assert_null(argument);
    for (; argument != NULL && argument->name != NULL; argument++) {
        at = strstr(at, argument->name);
        assert_non_null(at);
        at += strlen(argument->name);
    }
    assert_true(at == NULL || strpbrk(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
}

static bool is_a_group(const char *name)
{
    for (const char *const *group = help_groups; *group != NULL; group++)
        if (strcmp(*group, name) == 0)
            return true;
    return false;
}

static void every_command_is_explained(void **state)
{
    (void)state;
    for (command_list c = commands; *c != NULL; c++) {
        assert_non_null((*c)->run);
        if ((*c)->hidden)
            continue;
        assert_true(is_a_group((*c)->group));
        // It is one line of the help, beside the name.
        assert_true(strlen((*c)->help) < 60);
        assert_non_null((*c)->about);
        assert_int_equal((*c)->about[strlen((*c)->about) - 1], '.');
        arguments_are_explained(*c);
        examples_are_right(*c);
    }
}

static void fits(const struct option *option, const struct command *command)
{
    char text[OPTION_TEXT];
    (void)command;
    option_text(option, text);
    assert_true(strlen(text) < OPTION_TEXT - 1);
    if (option->preset != NULL)
        assert_non_null(strstr(text, option->preset));
    for (size_t i = 0; option->values != NULL && option->values[i] != NULL; i++)
        assert_non_null(strstr(text, option->values[i]));
}

static void every_option_s_text_is_whole(void **state)
{
    (void)state;
    for_each_option(fits);
}

static void seconds_are_whole_and_within_bounds(void **state)
{
    (void)state;
    unsigned seconds = 0;
    struct ssa_error err;
    SUCCEEDS(parse_seconds("1", &option_timeout, 1, 300, &seconds, &err));
    assert_int_equal(seconds, 1);
    SUCCEEDS(parse_seconds("300", &option_timeout, 1, 300, &seconds, &err));
    assert_int_equal(seconds, 300);
    static const char *const bad[] = {
        "", "0", "301", "-1", "+5", " 5", "5 ", "5s", "x", "1.5", "0x5", "99999999999999999999", "4294967297"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS(parse_seconds(bad[i], &option_timeout, 1, 300, &seconds, &err), SSA_USAGE, "--timeout takes");
    assert_int_equal(seconds, 300);
}

static void a_duration_has_a_unit_or_is_in_seconds(void **state)
{
    (void)state;
    static const struct option option = {.name = "grace"};
    static const struct {
        const char *text;
        long long seconds;
    } good[] = {{"90", 90}, {"5s", 5}, {"30m", 1800}, {"12h", 43200}, {"7d", 604800}};
    static const char *const bad[] = {"", "0", "-1", "7w", "d", "1.5h", " 5", "99999999999d", "4000d"};
    struct ssa_error err;
    long long seconds = 0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        SUCCEEDS(parse_duration(good[i].text, &option, &seconds, &err));
        assert_int_equal(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS(parse_duration(bad[i], &option, &seconds, &err), SSA_USAGE, "is not a valid time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_before_behind_and_between_words),
        cmocka_unit_test(an_option_is_read_as_its_command_has_it),
        cmocka_unit_test(the_first_words_name_the_command),
        cmocka_unit_test(a_value_follows_or_stands_behind_the_sign),
        cmocka_unit_test(letters_may_stand_together),
        cmocka_unit_test(what_follows_two_dashes_is_left_alone),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(exec_s_program_keeps_its_options),
        cmocka_unit_test(scopes_add_up),
        cmocka_unit_test(profiles_are_a_list),
        cmocka_unit_test(a_single_dash_is_a_word),
        cmocka_unit_test(a_slip_is_told_with_the_way_out),
        cmocka_unit_test(a_part_of_a_line_says_what_comes_next),
        cmocka_unit_test(an_option_without_use_is_refused),
        cmocka_unit_test(what_belongs_together_is_used_together),
        cmocka_unit_test(what_a_command_does_not_take_is_quoted),
        cmocka_unit_test(there_is_no_option_for_a_secret),
        cmocka_unit_test(every_option_is_told_apart_and_explained),
        cmocka_unit_test(every_command_is_explained),
        cmocka_unit_test(every_option_s_text_is_whole),
        cmocka_unit_test(seconds_are_whole_and_within_bounds),
        cmocka_unit_test(a_duration_has_a_unit_or_is_in_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
