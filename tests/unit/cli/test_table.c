// Tables: columns stand under their heads, and nothing is behind a row's last word.
#include "core/unit.h"

#include <stdlib.h>

#include "cli/output/table.h"

static void shows_at(const struct table *table, const struct table_look *look, const char *expected)
{
    char *text = table_text(table, look);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void shows(struct table *table, const char *expected)
{
    shows_at(table, &(const struct table_look){.ellipsis = "\u2026"}, expected);
    table_drop(table);
}

static void fill(struct table *table, const char *const *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        table_add(table, cells[i]);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    (void)state;
    static const char *const heads[] = {"", "ID", "STATUS"};
    static const char *const cells[] = {"*", "A", "ENABLED", "", "LONGER", "DISABLED"};
    struct table table;
    table_begin(&table, 3, heads);
    fill(&table, cells, 6);
    shows(&table, "   ID      STATUS\n"
                  "*  A       ENABLED\n"
                  "   LONGER  DISABLED\n");
}

static void empty_cells_at_the_end_leave_no_blanks(void **state)
{
    (void)state;
    static const char *const cells[] = {"a", "b", "", "c", "", "", "", "", ""};
    struct table table;
    table_begin(&table, 3, NULL);
    fill(&table, cells, 9);
    shows(&table, "a  b\nc\n\n");
}

static void a_character_is_one_column_however_many_bytes_it_has(void **state)
{
    (void)state;
    static const char *const cells[] = {"K\xc3\xa4rtchen", "x", "Token", "y"};
    struct table table;
    table_begin(&table, 2, NULL);
    fill(&table, cells, 4);
    shows(&table, "K\xc3\xa4rtchen  x\nToken     y\n");
}

// A table of three columns: the last goes first, and the first is shortened before it would go.
static void fill_three(struct table *table)
{
    static const char *const heads[] = {"ID", "STATUS", "WHEN"};
    static const char *const cells[] = {"0123456789abcdef", "ENABLED", "2024-01-25 (yesterday)"};
    static const struct column_fit fits[] = {{2, 6}, {0}, {1, 11}};
    table_begin(table, 3, heads);
    table_fit(table, fits);
    fill(table, cells, 3);
}

static void columns_are_shortened_and_then_left_out(void **state)
{
    (void)state;
    static const struct {
        size_t columns;
        const char *expected;
    } cases[] = {{49, "ID                STATUS   WHEN\n0123456789abcdef  ENABLED  2024-01-25 (yesterday)\n"},
                 {48, "ID                STATUS   WHEN\n0123456789abcdef  ENABLED  2024-01-25 (yesterda\u2026\n"},
                 {38, "ID                STATUS   WHEN\n0123456789abcdef  ENABLED  2024-01-25\u2026\n"},
                 {37, "ID                STATUS\n0123456789abcdef  ENABLED\n"},
                 {24, "ID               STATUS\n0123456789abcd\u2026  ENABLED\n"},
                 {15, "ID      STATUS\n01234\u2026  ENABLED\n"},
                 {14, "STATUS\nENABLED\n"},
                 {4, "STA\u2026\nENA\u2026\n"},
                 {1, "\u2026\n\u2026\n"}};
    struct table table;
    fill_three(&table);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        shows_at(&table, &(const struct table_look){.columns = cases[i].columns, .ellipsis = "\u2026"},
                 cases[i].expected);
    shows_at(&table, &(const struct table_look){.columns = 24, .ellipsis = "..."},
             "ID               STATUS\n0123456789ab...  ENABLED\n");
    table_drop(&table);
}

static void a_table_without_an_order_loses_its_last_column_first(void **state)
{
    (void)state;
    static const char *const cells[] = {"first", "second", "third"};
    struct table table;
    table_begin(&table, 3, NULL);
    fill(&table, cells, 3);
    shows_at(&table, &(const struct table_look){.columns = 19, .ellipsis = "\u2026"}, "first  second\n");
    shows_at(&table, &(const struct table_look){.columns = 5, .ellipsis = "\u2026"}, "first\n");
    table_drop(&table);
}

static void a_column_that_stays_may_be_shortened_before_another_goes(void **state)
{
    (void)state;
    static const char *const cells[] = {"SETTING", "a-very-long-value", "profile default"};
    static const struct column_fit fits[] = {{0}, {0, 8}, {1, 9}};
    struct table table;
    table_begin(&table, 3, NULL);
    table_fit(&table, fits);
    fill(&table, cells, 3);
    shows_at(&table, &(const struct table_look){.columns = 34, .ellipsis = "\u2026"},
             "SETTING  a-very-\u2026  profile default\n");
    shows_at(&table, &(const struct table_look){.columns = 28, .ellipsis = "\u2026"},
             "SETTING  a-very-\u2026  profile \u2026\n");
    shows_at(&table, &(const struct table_look){.columns = 27, .ellipsis = "\u2026"}, "SETTING  a-very-\u2026\n");
    shows_at(&table, &(const struct table_look){.columns = 12, .ellipsis = "\u2026"}, "SETTING  a-\u2026\n");
    table_drop(&table);
}

static void what_is_to_be_copied_stays_whole(void **state)
{
    (void)state;
    struct table table;
    table_begin(&table, 2, NULL);
    table_add_pair(&table, "uri", "pkcs11:token=work;id=%01");
    table_keep(&table);
    table_add_pair(&table, "used", "no, the settings do not use it");
    shows_at(&table, &(const struct table_look){.columns = 16, .ellipsis = "\u2026"},
             "uri   pkcs11:token=work;id=%01\nused  no, the s\u2026\n");
    table_drop(&table);
}

static void wide_characters_align(void **state)
{
    (void)state;
    // Two columns each, none (an accent that combines), two (an emoji).
    static const char *const cells[] = {"\u9375\u9375", "x", "e\u0301", "y", "\U0001F511", "z"};
    struct table table;
    table_begin(&table, 2, NULL);
    fill(&table, cells, 6);
    shows_at(&table, &(const struct table_look){.ellipsis = "\u2026"},
             "\u9375\u9375  x\ne\u0301     y\n\U0001F511    z\n");
    // Half of a wide character is not shown.
    shows_at(&table, &(const struct table_look){.columns = 6, .ellipsis = "\u2026"},
             "\u9375\u2026  x\ne\u0301    y\n\U0001F511   z\n");
    table_drop(&table);
}

static void a_status_has_a_colour_and_still_aligns(void **state)
{
    (void)state;
    static const char *const words[] = {"ENABLED", "DISABLED", "DEACTIVATED", NOT_AT_API, "OTHER"};
    struct table table;
    table_begin(&table, 2, NULL);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        table_add(&table, words[i]);
        table_paint(&table, status_tone(words[i]));
        table_add(&table, "x");
    }
    const struct table_look colours = {.colours = true, .ellipsis = "\u2026"};
    shows_at(&table, &colours,
             "\033[32mENABLED\033[0m         x\n"
             "\033[33mDISABLED\033[0m        x\n"
             "\033[31mDEACTIVATED\033[0m     x\n"
             "\033[31mnot at the API\033[0m  x\n"
             "OTHER           x\n");
    shows(&table, "ENABLED         x\nDISABLED        x\nDEACTIVATED     x\nnot at the API  x\nOTHER           x\n");
}

static void many_rows_are_kept(void **state)
{
    (void)state;
    char expected[2001] = "";
    struct table table;
    table_begin(&table, 1, NULL);
    for (size_t i = 0; i < 1000; i++) {
        table_add(&table, "x");
        memcpy(expected + 2 * i, "x\n", 3);
    }
    shows(&table, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(empty_cells_at_the_end_leave_no_blanks),
        cmocka_unit_test(a_character_is_one_column_however_many_bytes_it_has),
        cmocka_unit_test(columns_are_shortened_and_then_left_out),
        cmocka_unit_test(a_table_without_an_order_loses_its_last_column_first),
        cmocka_unit_test(a_column_that_stays_may_be_shortened_before_another_goes),
        cmocka_unit_test(what_is_to_be_copied_stays_whole),
        cmocka_unit_test(wide_characters_align),
        cmocka_unit_test(a_status_has_a_colour_and_still_aligns),
        cmocka_unit_test(many_rows_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
