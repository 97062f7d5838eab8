#include "cli/output/table_fit.h"

#include "cli/output/width.h"

// Unless another order is given, columns are shortened from the last to the second, down to a few letters each.
enum { LEAST_USUAL = 12, LEAST_OF_ALL = 1 };

static struct column_fit fit_of(const struct table *table, size_t column)
{
    struct column_fit usual = {0};
    if (table->fits != NULL)
        return table->fits[column];
    if (column > 0 && table->columns > 2)
        usual = (struct column_fit){.goes = (unsigned char)(table->columns - column), .least = LEAST_USUAL};
    return usual;
}

static void measure(const struct table *table, struct table_room *room)
{
    *room = (struct table_room){0};
    for (size_t i = 0; i < table->count; i++) {
        const size_t column = i % table->columns, own = width_of(table->cells[i].text);
        const bool counts = !table->cells[i].whole || column + 1 < table->columns;
        if (counts && own > room->widths[column])
            room->widths[column] = own;
    }
}

// How many columns of the terminal are too many.
static size_t excess(const struct table *table, const struct table_room *room, size_t most)
{
    size_t all = 0, shown = 0;
    for (size_t i = 0; i < table->columns; i++) {
        all += room->left_out[i] ? 0 : room->widths[i];
        shown += room->left_out[i] ? 0 : 1;
    }
    all += shown > 1 ? (shown - 1) * TABLE_GAP : 0;
    return all > most ? all - most : 0;
}

static void shorten(struct table_room *room, size_t column, size_t least, size_t too_many)
{
    size_t *const width = &room->widths[column];
    if (least == 0 || *width <= least)
        return;
    *width = *width - least > too_many ? *width - too_many : least;
}

// The next column to go, of those that are shown; table->columns for none.
static size_t next_to_go(const struct table *table, const struct table_room *room)
{
    size_t next = table->columns;
    for (size_t i = 0; i < table->columns; i++) {
        const unsigned goes = fit_of(table, i).goes;
        if (goes != 0 && !room->left_out[i] && (next == table->columns || goes < fit_of(table, next).goes))
            next = i;
    }
    return next;
}

void table_find_room(const struct table *table, const struct table_look *look, struct table_room *room)
{
    measure(table, room);
    if (look->columns == 0)
        return;
    for (size_t i = 0; i < table->columns; i++)
        if (fit_of(table, i).goes == 0)
            shorten(room, i, fit_of(table, i).least, excess(table, room, look->columns));
    for (size_t next = next_to_go(table, room); next < table->columns; next = next_to_go(table, room)) {
        const size_t too_many = excess(table, room, look->columns);
        if (too_many == 0)
            return;
        shorten(room, next, fit_of(table, next).least, too_many);
        room->left_out[next] = excess(table, room, look->columns) > 0;
    }
    for (size_t i = table->columns; i-- > 0;) {
        const size_t too_many = excess(table, room, look->columns);
        if (too_many > 0)
            shorten(room, i, LEAST_OF_ALL, too_many);
    }
    for (size_t i = table->columns; i-- > 1;)
        room->left_out[i] = room->left_out[i] || excess(table, room, look->columns) > 0;
}
