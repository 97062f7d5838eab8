// Commands in messages, completed by the options of the run.
#include "core/unit.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command/suggestion.h"
#include "cli/commands.h"

// What becomes of text when the program was called with these words.
static void completes(char **argv, const char *text, const char *expected)
{
    static struct arguments a;
    struct ssa_error err;
    SUCCEEDS(arguments_read(&a, commands, argv, &err));
    suggestion_begin(commands, &a);
    char *completed = suggestion_complete(text);
    assert_non_null(completed);
    assert_string_equal(completed, expected);
    free(completed);
}

#define LINE(...) ((char *[]){__VA_ARGS__, NULL})

static void options_of_the_run_are_repeated(void **state)
{
    (void)state;
    char **line = LINE("key", "create", "--client-id", "C", "--token", "pkcs11:token=My Token", "-a", "A");
    completes(line, "Try `ssa-hsm key create`, or `ssa-hsm account list`.",
              "Try `ssa-hsm key create --client-id C --token 'pkcs11:token=My Token'`, or "
              "`ssa-hsm account list --client-id C`.");
    completes(line, "`ssa-hsm key create --client-id D`",
              "`ssa-hsm key create --client-id D --token 'pkcs11:token=My Token'`");
    completes(LINE("token", "--client-id", "it's"), "`ssa-hsm token`", "`ssa-hsm token --client-id 'it'\\''s'`");
    completes(LINE("token", "--insecure-http"), "`ssa-hsm token`", "`ssa-hsm token --insecure-http`");
}

static void what_is_of_no_use_there_is_left_out(void **state)
{
    (void)state;
    char **line = LINE("key", "create", "--token", "T", "--base-url", "https://x", "--pin-source", "fd:3");
    completes(line, "`ssa-hsm hsm list`", "`ssa-hsm hsm list`");
    completes(line, "`ssa-hsm hsm list --login`", "`ssa-hsm hsm list --login --token T`");
    completes(line, "`ssa-hsm key recover`", "`ssa-hsm key recover --base-url https://x`");
    completes(line, "`ssa-hsm token`", "`ssa-hsm token --base-url https://x`");
    completes(line, "`ssa-hsm jwt`", "`ssa-hsm jwt`");
    completes(line, "`ssa-hsm history`", "`ssa-hsm history`");
    completes(LINE("token", "--client-id", "a\nb"), "`ssa-hsm token`", "`ssa-hsm token`");
}

static void the_command_s_own_profile_is_named(void **state)
{
    (void)state;
    char **line = LINE("profile", "remove", "an");
    completes(line, "`ssa-hsm key create`", "`ssa-hsm key create`");
    suggestion_use_profile("no such/it's one.env");
    // Only a command that writes it can use one that is not there.
    completes(line, "`ssa-hsm token`, `ssa-hsm key create`",
              "`ssa-hsm token`, `ssa-hsm key create --profile 'no such/it'\\''s one.env'`");
    completes(line, "`ssa-hsm key create -p other`", "`ssa-hsm key create -p other`");
    suggestion_use_profile("/dev/null");
    completes(line, "`ssa-hsm token`", "`ssa-hsm token --profile /dev/null`");
}

static void other_text_stays_as_it_is(void **state)
{
    (void)state;
    char **line = LINE("token", "--client-id", "C");
    static const char *const texts[] = {"",
                                        "`ssa-hsm ",
                                        "`ssa-hsm token",
                                        "ssa-hsm token",
                                        "`ssa-hsm tokens`",
                                        "`ssa-hsm --help`",
                                        "`ssa-hsm token --help`",
                                        "`ls`"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        completes(line, texts[i], texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_of_the_run_are_repeated),
        cmocka_unit_test(what_is_of_no_use_there_is_left_out),
        cmocka_unit_test(other_text_stays_as_it_is),
        cmocka_unit_test(the_command_s_own_profile_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
