// Objects with nothing in them. A module that is killed while it writes an object may leave one.
#pragma once

#include <stdint.h>

#include "core/error.h"

struct token;

// The count for a token that holds too many objects to be counted.
#define EMPTY_UNKNOWN SIZE_MAX

// Counts the data objects with nothing in them (no label, mark, id or value), or the objects of keys (no label, id or
// numbers).
bool empty_count_data(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;
bool empty_count_keys(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;

// Destroys one of those data objects, if there are surely more of them than before; it does not matter which. *left
// becomes how many are still there.
bool empty_destroy_data(struct token *token, size_t before, bool *destroyed, size_t *left,
                        struct ssa_error *err) MUST_CHECK;
