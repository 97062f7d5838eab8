// Which columns of a table are shown on a line, and how wide.
#pragma once

#include "cli/output/table.h"

// Blanks between two columns.
enum { TABLE_GAP = 2 };

struct table_room {
    size_t widths[TABLE_COLUMNS_MAX];
    bool left_out[TABLE_COLUMNS_MAX];
};

// Each column is as wide as its widest cell. Where that is too much for a line, columns are shortened, and then left
// out, in the order in which they may go (struct column_fit); at last, those that stay are shortened, too, and
// only the first is certain to be seen. Cells that are kept whole do not
// count in the last column.
void table_find_room(const struct table *table, const struct table_look *look, struct table_room *room);
