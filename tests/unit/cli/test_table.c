// Tables: columns stand under their heads, and nothing is behind a row's last word.
#include "core/unit.h"

#include <stdlib.h>

#include "cli/output/table.h"

static void shows(struct table *table, const char *expected)
{
    char *text = table_text(table);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
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
        cmocka_unit_test(many_rows_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
