// Tables for people. They look the same on a terminal and in a pipe.
#pragma once

#include "core/error.h"

enum { TABLE_COLUMNS_MAX = 8 };
#define AGE_TEXT_MAX  32U
#define WHEN_TEXT_MAX 64U

struct table {
    size_t columns;
    char **cells; // row by row
    size_t count;
    bool lost; // there was no memory for a cell
};

// The heads are the first row; NULL for none.
void table_begin(struct table *table, size_t columns, const char *const *heads);

// Adds the next cell, from left to right, row by row.
void table_add(struct table *table, const char *text);

// Appends to the text of the last cell.
void table_append(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The next cell: a point in time, in the local zone, and how long ago.
void table_add_time(struct table *table, struct ssa_time time);

// A row of a table with two columns: a name, and its value, or "-" where that is empty.
void table_add_pair(struct table *table, const char *name, const char *value);

// The text, for the caller to free; NULL where there is no memory.
char *table_text(const struct table *table);

// Prints it. Frees the table in any case.
bool table_print(struct table *table, struct ssa_error *err) MUST_CHECK;

// Frees it without printing.
void table_drop(struct table *table);

// "3 days ago", "in 5 months", "just now".
void age_text(long long seconds, long long now, char out[static AGE_TEXT_MAX]);

// "2024-01-25 04:08 (3 days ago)" in the local time zone, or "-" where the time is not known.
void when_text(struct ssa_time time, long long now, char out[static WHEN_TEXT_MAX]);
