// Marks, which tell whose a data object is.
#pragma once

#include "core/error.h"

#define DATA_LABEL_MAX 256U
#define DATA_MARK_MAX  64U
#define DATA_SAME_MAX  16U // objects with one label

struct data_marks {
    char list[DATA_SAME_MAX][DATA_MARK_MAX];
    size_t count;
};

// An object without a mark is nobody's: a person made it with some tool.
enum data_owner { DATA_OURS, DATA_NOBODYS, DATA_ANOTHERS };
enum data_owner data_owner(const char *mark);

// Writes the mark for an operation's objects. Where the operations' names sort by time, the marks do, too.
bool data_mark(const char *operation, char mark[static DATA_MARK_MAX]) MUST_CHECK;

// Whether the mark belongs to one operation, so that no later object has it. An empty mark does not, nor does the
// program's name alone, which early versions wrote.
bool data_mark_is_own(const char *mark);

// Whether the mark is one of these.
bool data_marked(const struct data_marks *marks, const char *mark);
