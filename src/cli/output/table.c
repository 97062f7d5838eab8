#include "cli/output/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/output/print.h"
#include "cli/output/table_fit.h"
#include "cli/output/width.h"
#include "core/text.h"

enum { CELLS_STEP = 64 };
enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, MONTH = 2629746, YEAR = 12 * MONTH };

void table_begin(struct table *table, size_t columns, const char *const *heads)
{
    *table = (struct table){.columns = columns};
    for (size_t i = 0; heads != NULL && i < columns; i++)
        table_add(table, heads[i]);
}

void table_add(struct table *table, const char *text)
{
    if (table->count % CELLS_STEP == 0) {
        struct cell *grown = reallocarray(table->cells, table->count + CELLS_STEP, sizeof *grown);
        if (grown == NULL) {
            table->lost = true;
            return;
        }
        table->cells = grown;
    }
    char *copy = strdup(text);
    table->lost = table->lost || copy == NULL;
    if (copy != NULL)
        table->cells[table->count++] = (struct cell){.text = copy};
}

void table_fit(struct table *table, const struct column_fit *fits)
{
    table->fits = fits;
}

void table_paint(struct table *table, enum tone tone)
{
    if (table->count > 0)
        table->cells[table->count - 1].tone = tone;
}

void table_keep(struct table *table)
{
    if (table->count > 0)
        table->cells[table->count - 1].whole = true;
}

enum tone status_tone(const char *status)
{
    static const struct {
        const char *status;
        enum tone tone;
    } tones[] = {{"ENABLED", TONE_GOOD}, {"DISABLED", TONE_WARNING}, {"DEACTIVATED", TONE_BAD}, {NOT_AT_API, TONE_BAD}};
    for (size_t i = 0; i < COUNT(tones); i++)
        if (strcmp(status, tones[i].status) == 0)
            return tones[i].tone;
    return TONE_PLAIN;
}

void table_append(struct table *table, const char *format, ...)
{
    char *added = NULL, *whole = NULL;
    va_list args;
    va_start(args, format);
    const bool made = vasprintf(&added, format, args) >= 0;
    va_end(args);
    if (!made || table->count == 0 || asprintf(&whole, "%s%s", table->cells[table->count - 1].text, added) < 0) {
        table->lost = true;
    } else {
        free(table->cells[table->count - 1].text);
        table->cells[table->count - 1].text = whole;
    }
    if (made)
        free(added);
}

void table_add_pair(struct table *table, const char *name, const char *value)
{
    table_add(table, name);
    table_add(table, value[0] != '\0' ? value : "-");
}

void age_text(long long seconds, long long now, char out[static AGE_TEXT_MAX])
{
    // A unit is used from two of it on, except for minutes: "25 hours" tells more than "1 day".
    static const struct {
        long long least, unit;
        const char *name;
    } units[] = {{2LL * YEAR, YEAR, "year"},
                 {2LL * MONTH, MONTH, "month"},
                 {2LL * DAY, DAY, "day"},
                 {2LL * HOUR, HOUR, "hour"},
                 {MINUTE, MINUTE, "minute"}};
    const bool past = seconds <= now;
    const long long apart = past ? now - seconds : seconds - now;
    bool fits = text_format(out, AGE_TEXT_MAX, "%s", past ? "just now" : "in a moment");
    for (size_t i = 0; i < COUNT(units); i++) {
        if (apart < units[i].least)
            continue;
        const long long count = apart / units[i].unit;
        fits = text_format(out, AGE_TEXT_MAX, "%s%lld %s%s%s", past ? "" : "in ", count, units[i].name,
                           count == 1 ? "" : "s", past ? " ago" : "");
        break;
    }
    if (!fits)
        out[0] = '\0';
}

void when_text(struct ssa_time time, long long now, char out[static WHEN_TEXT_MAX])
{
    struct tm local;
    const time_t at = (time_t)time.seconds;
    char date[32], age[AGE_TEXT_MAX];
    age_text(time.seconds, now, age);
    if (!time.known || localtime_r(&at, &local) == NULL || strftime(date, sizeof date, "%Y-%m-%d %H:%M", &local) == 0 ||
        !text_format(out, WHEN_TEXT_MAX, "%s (%s)", date, age))
        memcpy(out, "-", sizeof "-");
}

void table_add_time(struct table *table, struct ssa_time at)
{
    char when[WHEN_TEXT_MAX];
    when_text(at, (long long)time(NULL), when);
    table_add(table, when);
}

// Writes a cell in so many columns of the terminal, and blanks up to them.
static void write_cell(FILE *out, const struct cell *cell, size_t room, bool last, const struct table_look *look)
{
    const size_t dots = width_of(look->ellipsis), own = width_of(cell->text);
    const enum tone tone = look->colours ? cell->tone : TONE_PLAIN;
    const bool cut = own > room && !cell->whole;
    size_t taken = own, bytes = strlen(cell->text);
    if (cut)
        bytes = width_cut(cell->text, room, dots, &taken);
    (void)fprintf(out, "%s%.*s%s%s", tone_begin(tone), (int)bytes, cell->text,
                  cut && room >= dots ? look->ellipsis : "", tone_end(tone));
    taken += cut && room >= dots ? dots : 0;
    if (!last)
        (void)fprintf(out, "%*s", (int)(taken < room ? room - taken : 0) + TABLE_GAP, "");
}

static void write_row(FILE *out, const struct table *table, size_t first, const struct table_room *room,
                      const struct table_look *look)
{
    size_t last = table->columns;
    while (last > 0 && (room->left_out[last - 1] || table->cells[first + last - 1].text[0] == '\0'))
        last--;
    for (size_t i = 0; i < last; i++)
        if (!room->left_out[i])
            write_cell(out, &table->cells[first + i], room->widths[i], i + 1 == last, look);
    (void)fputc('\n', out);
}

char *table_text(const struct table *table, const struct table_look *look)
{
    struct table_room room;
    size_t len = 0;
    char *text = NULL;
    FILE *out = table->lost ? NULL : open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    table_find_room(table, look, &room);
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
        write_row(out, table, i, &room, look);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

void table_drop(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    *table = (struct table){0};
}

bool table_print(struct table *table, struct ssa_error *err)
{
    const bool seen = screen_is_at(STDOUT_FILENO);
    const struct table_look look = {.columns = seen ? screen_columns(STDOUT_FILENO) : 0,
                                    .colours = screen_has_colours(STDOUT_FILENO),
                                    .ellipsis = screen_ellipsis()};
    char *text = table_text(table, &look);
    const bool printed = text != NULL ? print_result(span_text(text), err)
                                      : error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the table");
    free(text);
    table_drop(table);
    return printed;
}
