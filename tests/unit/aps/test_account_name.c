// A name that cannot be sent is refused, one that a rule of the provider's refuses is warned of, and the API
// decides.
#include "core/unit.h"

#include <string.h>

#include "aps/aps.h"

static bool can_be_sent(const char *first, const char *last)
{
    struct ssa_error err = {0};
    if (aps_check_account_name(first, last, &err))
        return true;
    assert_int_equal(err.code, SSA_USAGE);
    assert_string_not_equal(err.hint, "");
    return false;
}

static unsigned doubts(const char *first, const char *last)
{
    struct unit_heard heard = {0};
    const struct ssa_callbacks callbacks = {.context = &heard, .tell = unit_tell};
    aps_doubt_account_name(first, last, &callbacks);
    assert_true(heard.count == 0 || heard.level == SSA_WARNING);
    return heard.count;
}

static void what_all_rules_take_is_not_doubted(void **state)
{
    (void)state;
    assert_int_equal(doubts("build", "robot-7"), 0);
    assert_int_equal(doubts("build_bot", "12345"), 0);
    assert_int_equal(doubts("Build-Bot", "ROBOT"), 0);
}

static void what_some_rule_refuses_is_sent_with_a_warning(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"bot", "robot"},
        {"robot", "bot"},
        {"integration-mycompany", "daily_datasync"},
        {"-----", "robot"},
        {"_____", "robot"},
        {"r\xc3\xb6"
         "bot",
         "robot"},
        {"robot one", "robot"},
        {"robot", "a.b.c"},
        {"robot", "x"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(can_be_sent(names[i][0], names[i][1]));
        assert_true(doubts(names[i][0], names[i][1]) > 0);
    }
}

static void what_cannot_be_sent_is_refused(void **state)
{
    (void)state;
    assert_false(can_be_sent("", ""));
    assert_false(can_be_sent("", "robot"));
    assert_false(can_be_sent("robot", ""));
    assert_false(can_be_sent("robot\n", "robot"));
    assert_false(can_be_sent("robot", "\x1b[31m"));
    assert_false(can_be_sent("robot", "robot\x7f"));
    assert_false(can_be_sent("\xff\xfe", "robot"));
    assert_false(can_be_sent("robot", "\xc3"));
}

static void a_long_one_is_doubted_and_a_very_long_one_refused(void **state)
{
    (void)state;
    char first[400] = "", last[400] = "", name[API_NAME_MAX];
    memset(first, 'a', 49);
    memset(last, 'b', 50);
    assert_int_equal(doubts(first, last), 0);
    first[49] = 'a';
    assert_int_equal(doubts(first, last), 1);
    memset(first, 'a', API_NAME_MAX - 2 - 50);
    assert_true(can_be_sent(first, last));
    assert_true(aps_account_name(first, last, name));
    first[API_NAME_MAX - 2 - 50] = 'a';
    assert_false(can_be_sent(first, last));
    assert_false(aps_account_name(first, last, name));
}

static void the_name_that_is_sent_has_no_underscores(void **state)
{
    (void)state;
    char name[API_NAME_MAX];
    assert_true(aps_account_name("integration-mycompany", "daily_datasync", name));
    assert_string_equal(name, "integration-mycompany-daily-datasync");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_rules_take_is_not_doubted),
        cmocka_unit_test(what_some_rule_refuses_is_sent_with_a_warning),
        cmocka_unit_test(what_cannot_be_sent_is_refused),
        cmocka_unit_test(a_long_one_is_doubted_and_a_very_long_one_refused),
        cmocka_unit_test(the_name_that_is_sent_has_no_underscores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
