// Tables for people: columns as wide as what is in them, the same on a terminal and in a pipe.
#ifndef SSA_CLI_TABLE_H
#define SSA_CLI_TABLE_H

#include "core/error.h"

enum { TABLE_COLUMNS_MAX = 8 };

struct table {
    size_t columns;
    char **cells; // row by row
    size_t count;
    bool lost; // memory for a cell was not to be had
};

// The heads are the first row; without (NULL) there is none.
void table_begin(struct table *table, size_t columns, const char *const *heads);

// The next cell, from left to right and down.
void table_add(struct table *table, const char *text);

// The text, for the caller to free; NULL where memory was not to be had.
char *table_text(const struct table *table);

// Prints it, with nothing behind a row's last word. Frees the table in any case.
bool table_print(struct table *table, struct ssa_error *err) MUST_CHECK;

// Frees it unprinted.
void table_drop(struct table *table);

#endif
