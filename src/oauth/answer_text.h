// Checks of an answer's values: type, length and characters.
#pragma once

#include "core/json.h"

// Makes the error for a member that is wrong. why goes on after its name. Returns false.
bool answer_wrong(struct ssa_error *err, const char *path, const char *why);

// The same for a member that is missing.
bool answer_lacks(struct ssa_error *err, const char *name);

// Reads a body, value by value.
bool answer_read(struct span body, json_visit *visit, void *context, struct ssa_error *err) MUST_CHECK;

// Fails if value is the whole answer and not an object.
bool answer_root(const struct json_value *value, struct ssa_error *err) MUST_CHECK;

// Copies a string of visible ASCII. It must not be empty, and must not have been there before.
bool answer_text(const struct json_value *value, char *out, size_t capacity, struct ssa_error *err) MUST_CHECK;
