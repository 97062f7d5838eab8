// How much room a text takes on a terminal, and how it is cut.
#include "core/unit.h"

#include "cli/output/width.h"

static void characters_have_their_widths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
    } cases[] = {{"", 0},
                 {"abc", 3},
                 {"K\u00e4rtchen", 8},
                 {"\u9375", 2},       // CJK
                 {"\uff76\uff9e", 2}, // half-width katakana
                 {"e\u0301", 1},      // an accent that combines
                 {"\u200b", 0},       // a blank of no width
                 {"\U0001F511", 2},   // an emoji
                 {"\u2026", 1},
                 {"a\x01", 2},     // a control character, which no table has
                 {"\xff\xc3", 2}}; // no UTF-8
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(width_of(cases[i].text), cases[i].columns);
}

static void fits(const char *text, size_t columns, size_t bytes, size_t wanted)
{
    size_t taken = 99;
    assert_int_equal(width_fit(text, strlen(text), columns, &taken), bytes);
    assert_int_equal(taken, wanted);
}

static void a_cut_leaves_whole_characters(void **state)
{
    (void)state;
    fits("abc", 0, 0, 0);
    fits("abc", 2, 2, 2);
    fits("abc", 3, 3, 3);
    fits("abc", 9, 3, 3);
    fits("\u9375\u9375", 1, 0, 0);
    fits("\u9375\u9375", 2, 3, 2);
    fits("\u9375\u9375", 3, 3, 2);
    // An accent stays with its letter, also where the line is full.
    fits("e\u0301x", 1, 3, 1);
    fits("\xff\xffz", 2, 2, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_have_their_widths),
        cmocka_unit_test(a_cut_leaves_whole_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
