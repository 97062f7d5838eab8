// Tables for people.
#include "cli/output/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/output/age.h"
#include "cli/output/print.h"

enum { CELLS_STEP = 64, GAP = 2 };

void table_begin(struct table *table, size_t columns, const char *const *heads)
{
    *table = (struct table){.columns = columns};
    for (size_t i = 0; heads != NULL && i < columns; i++)
        table_add(table, heads[i]);
}

void table_add(struct table *table, const char *text)
{
    if (table->count % CELLS_STEP == 0) {
        char **grown = realloc(table->cells, (table->count + CELLS_STEP) * sizeof *grown);
        if (grown == NULL) {
            table->lost = true;
            return;
        }
        table->cells = grown;
    }
    char *copy = strdup(text);
    table->lost = table->lost || copy == NULL;
    if (copy != NULL)
        table->cells[table->count++] = copy;
}

void table_add_pair(struct table *table, const char *name, const char *value)
{
    table_add(table, name);
    table_add(table, value[0] != '\0' ? value : "-");
}

void table_add_time(struct table *table, struct ssa_time at)
{
    char when[WHEN_TEXT_MAX];
    when_text(at, (long long)time(NULL), when);
    table_add(table, when);
}

// Characters, not bytes (RFC 3629 section 3): a token's label may be in any language.
static size_t width(const char *text)
{
    size_t characters = 0;
    for (; *text != '\0'; text++)
        characters += ((unsigned char)*text & 0xc0) != 0x80;
    return characters;
}

static void write_row(FILE *out, const struct table *table, size_t first, const size_t *widths)
{
    size_t last = table->columns;
    while (last > 0 && table->cells[first + last - 1][0] == '\0')
        last--;
    for (size_t i = 0; i < last; i++) {
        const char *text = table->cells[first + i];
        const size_t blanks = i + 1 < last ? widths[i] - width(text) + GAP : 0;
        (void)fprintf(out, "%s%*s", text, (int)blanks, "");
    }
    (void)fputc('\n', out);
}

char *table_text(const struct table *table)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0}, len = 0;
    char *text = NULL;
    FILE *out = table->lost ? NULL : open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < table->count; i++) {
        size_t *const most = &widths[i % table->columns];
        const size_t own = width(table->cells[i]);
        *most = own > *most ? own : *most;
    }
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
        write_row(out, table, i, widths);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

void table_drop(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}

bool table_print(struct table *table, struct ssa_error *err)
{
    char *text = table_text(table);
    const bool printed = text != NULL ? print_result(span_text(text), err)
                                      : error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the table");
    free(text);
    table_drop(table);
    return printed;
}
