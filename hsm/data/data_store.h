// Storing and destroying data objects.
#pragma once

#include "hsm/data/mark.h"
#include "hsm/uri/uri.h"

struct token;

// Whether there is one data object with the URI's label, and it is ours, private, and has this value.
bool data_holds(struct token *token, const struct uri *uri, struct span value);

// The end of objects that were to be destroyed.
enum data_end {
    DATA_GONE,
    DATA_THERE,
    DATA_MIXED,  // some are left: objects with their mark have come or gone, so nobody knows which are meant
    DATA_UNKNOWN // the token does not answer
};

// Stores value as a private object with the URI's label and the mark. Then reads and finds it again: of other objects
// with that label, only those in before may be there. On failure it is destroyed again, as by data_take_back, and *left
// says what became of it.
bool data_put(struct token *token, const struct uri *uri, const char *mark, struct span value,
              const struct data_marks *before, size_t empty_before, enum data_end *left,
              struct ssa_error *err) MUST_CHECK;

// The remains of an object that was to be stored. They were found and destroyed.
struct data_taken {
    bool whole;   // an object with its mark
    bool half;    // an object with nothing in it
    size_t empty; // how many objects with nothing in them are still there, if none was whole
};

// Destroys the object with the URI's label and the mark. Where there is none, destroys one with nothing in it, if there
// are more of these than before. err is filled unless the result is DATA_GONE.
enum data_end data_take_back(struct token *token, const struct uri *uri, const char *mark, size_t empty_before,
                             struct data_taken *taken, struct ssa_error *err) MUST_CHECK;

// Destroys the objects with the URI's label and one of these marks. Those whose mark is not an operation's own are
// destroyed only if there are as many as which has. err is filled unless the result is DATA_GONE.
enum data_end data_destroy(struct token *token, const struct uri *uri, const struct data_marks *which,
                           struct ssa_error *err) MUST_CHECK;
