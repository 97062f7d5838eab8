// Data objects: stored and proved, taken back, destroyed.
#pragma once

#include "hsm/data/mark.h"
#include "hsm/uri/uri.h"

struct token;

// Whether the one data object of that label is ours, private, and has this value.
bool data_holds(struct token *token, const struct uri *uri, struct span value);

// What became of objects that were to go. Mixed: some are left, since others have come that have the same
// mark, or some have gone, and it cannot be told which are meant. Unknown: the token does not answer.
enum data_end { DATA_GONE, DATA_THERE, DATA_MIXED, DATA_UNKNOWN };

// Stores value under the URI's label and the mark as a private object, reads it back, compares, and finds it
// again; others of that label are there only as before says. On failure it is taken away again, what has
// nothing in it, too, as data_take_back does, and *left says what came of that.
bool data_put(struct token *token, const struct uri *uri, const char *mark, struct span value,
              const struct data_marks *before, size_t empty_before, enum data_end *left,
              struct ssa_error *err) MUST_CHECK;

// What was found of something that was to be stored, and destroyed.
struct data_taken {
    bool whole, half; // with its mark; with nothing in it
    size_t empty;     // how many objects with nothing in them are still there, if none was whole
};

// Destroys what has the URI's label and the mark; where nothing had, one with nothing in it if there are more
// of these than before. err is filled unless it is gone.
enum data_end data_take_back(struct token *token, const struct uri *uri, const char *mark, size_t empty_before,
                             struct data_taken *taken, struct ssa_error *err) MUST_CHECK;

// Destroys those of the URI's label that have one of these marks; where it is not an operation's own, only if
// there are as many as which has. err is filled unless they are gone.
enum data_end data_destroy(struct token *token, const struct uri *uri, const struct data_marks *which,
                           struct ssa_error *err) MUST_CHECK;
