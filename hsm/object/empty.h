// Objects with nothing in them: where a module is killed as it writes one, it may leave that.
#pragma once

#include <stdint.h>

#include "core/error.h"

struct token;

// A count of objects with nothing in them, on a token that holds too many objects to be counted.
#define EMPTY_UNKNOWN SIZE_MAX

// How many have nothing in them, no label, mark, id or value: where a module is killed as it writes, or
// fails, it may leave one. EMPTY_UNKNOWN where the token holds too many objects to be counted.
bool empty_count_data(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;

// Destroys one of those, where it is known that there are more than before: which one does not matter. *left:
// how many there are then.
bool empty_destroy_data(struct token *token, size_t before, bool *destroyed, size_t *left,
                        struct ssa_error *err) MUST_CHECK;

// How many objects of keys have nothing in them, no label, id or numbers: where a module is killed as it
// writes one, it may leave that.
bool empty_count_keys(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;
