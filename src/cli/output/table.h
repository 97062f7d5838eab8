// Tables for people. At a terminal, a row fits into a line: columns are left out or shortened, and a status has a
// colour. Elsewhere, nothing is left out.
#pragma once

#include "cli/output/screen.h"
#include "core/error.h"

enum { TABLE_COLUMNS_MAX = 8 };
// The status of a key that the API does not know.
#define NOT_AT_API "not at the API"

#define AGE_TEXT_MAX  32U
#define WHEN_TEXT_MAX 64U

struct cell {
    char *text;
    enum tone tone;
    bool whole; // never shortened
};

// What happens to a column where a row does not fit into a line.
struct column_fit {
    unsigned char goes;  // the columns with 1 go first, then those with 2, …; 0: it stays
    unsigned char least; // before it goes, it is shortened to so many columns of the terminal; 0: it is not. One that
                         // stays is shortened before any other goes, and again after that.
};

struct table {
    size_t columns;
    const struct column_fit *fits; // for each column; NULL: the last one goes first
    struct cell *cells;            // row by row
    size_t count;
    bool lost; // there was no memory for a cell
};

// The heads are the first row; NULL for none.
void table_begin(struct table *table, size_t columns, const char *const *heads);

// Says for each column what happens to it where there is not enough room. Borrowed.
void table_fit(struct table *table, const struct column_fit *fits);

// Adds the next cell, from left to right, row by row.
void table_add(struct table *table, const char *text);

// Appends to the text of the last cell.
void table_append(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Gives the last cell a colour.
void table_paint(struct table *table, enum tone tone);

// The last cell is to be copied: it is of no use where it is shortened. It may be longer than a line.
void table_keep(struct table *table);

// The colour of an account's or a key's status.
enum tone status_tone(const char *status);

// The next cell: a point in time, in the local zone, and how long ago.
void table_add_time(struct table *table, struct ssa_time time);

// A row of a table with two columns: a name, and its value, or "-" where that is empty.
void table_add_pair(struct table *table, const char *name, const char *value);

// How a table is shown.
struct table_look {
    size_t columns; // of a line; 0: of any length
    bool colours;
    const char *ellipsis;
};

// The text, for the caller to free; NULL where there is no memory.
char *table_text(const struct table *table, const struct table_look *look);

// Prints it. Frees the table in any case.
bool table_print(struct table *table, struct ssa_error *err) MUST_CHECK;

// Frees it without printing.
void table_drop(struct table *table);

// "3 days ago", "in 5 months", "just now".
void age_text(long long seconds, long long now, char out[static AGE_TEXT_MAX]);

// "2024-01-25 04:08 (3 days ago)" in the local time zone, or "-" where the time is not known.
void when_text(struct ssa_time time, long long now, char out[static WHEN_TEXT_MAX]);
