// Long texts in lines that fit, and commands that stay whole.
#include "core/unit.h"

#include <stdlib.h>

#include "cli/output/wrap.h"

static void wraps(const char *text, size_t indent, size_t width, const char *expected)
{
    char *wrapped = wrap_text(text, indent, width);
    assert_non_null(wrapped);
    assert_string_equal(wrapped, expected);
    free(wrapped);
}

static void cuts(const char *text, size_t columns, const char *expected)
{
    char *cut = wrap_cut(text, columns);
    assert_non_null(cut);
    assert_string_equal(cut, expected);
    free(cut);
}

static void lines_end_between_words(void **state)
{
    (void)state;
    wraps("one two three", 0, 8, "one two\nthree");
    wraps("one two three", 2, 9, "one two\n  three");
    wraps("one two three", 2, 15, "one two three");
    wraps("one two three", 2, 14, "one two\n  three");
    wraps("", 5, 10, "");
    wraps("  one   two ", 0, 80, "one two");
}

static void without_a_width_there_is_one_line(void **state)
{
    (void)state;
    wraps("one two three", 20, 0, "one two three");
}

static void a_word_that_is_too_long_has_its_own_line(void **state)
{
    (void)state;
    wraps("a much-too-long-word b", 1, 6, "a\n much-too-long-word\n b");
    wraps("much-too-long-word b", 30, 20, "much-too-long-word\n                              b");
}

static void a_command_is_one_word(void **state)
{
    (void)state;
    wraps("run `ssa-hsm key create --force` now", 0, 20, "run\n`ssa-hsm key create --force`\nnow");
    wraps("(`a b`), c", 0, 5, "(`a b`),\nc");
    // A backtick alone is a character.
    wraps("it` is so", 0, 6, "it` is\nso");
}

static void characters_count_and_not_bytes(void **state)
{
    (void)state;
    wraps("ääää öööö", 0, 9, "ääää öööö");
    cuts("ääää", 4, "ääää");
    cuts("ääää", 3, "ää…");
}

static void what_does_not_fit_ends_in_an_ellipsis(void **state)
{
    (void)state;
    cuts("abcdef", 6, "abcdef");
    cuts("abcdef", 5, "abcd…");
    cuts("abcdef", 1, "…");
    cuts("", 0, "");
}

static int read_utf8(void **state)
{
    (void)state;
    return setenv("LC_ALL", "C.UTF-8", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_between_words),
        cmocka_unit_test(without_a_width_there_is_one_line),
        cmocka_unit_test(a_word_that_is_too_long_has_its_own_line),
        cmocka_unit_test(a_command_is_one_word),
        cmocka_unit_test(characters_count_and_not_bytes),
        cmocka_unit_test(what_does_not_fit_ends_in_an_ellipsis),
    };
    return cmocka_run_group_tests(tests, read_utf8, NULL);
}
