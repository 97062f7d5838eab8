// Single values of an answer: type, length and characters. Internal to the readers of answers.
#ifndef SSA_OAUTH_ANSWER_TEXT_H
#define SSA_OAUTH_ANSWER_TEXT_H

#include "core/json.h"

// Says that the answer is wrong. Returns false.
bool answer_wrong(struct ssa_error *err, const char *path, const char *why);

// Says that a member is missing. Returns false.
bool answer_lacks(struct ssa_error *err, const char *name);

// Reads a body, value by value.
bool answer_read(struct span body, json_visit *visit, void *context, struct ssa_error *err) MUST_CHECK;

// The whole must be an object.
bool answer_root(const struct json_value *value, struct ssa_error *err) MUST_CHECK;

// Copies a string of visible ASCII that is not empty and was not there before.
bool answer_text(const struct json_value *value, char *out, size_t capacity,
                 struct ssa_error *err) MUST_CHECK;

// The same, of an id's characters, or an email address's.
bool answer_id(const struct json_value *value, char *out, size_t capacity, struct ssa_error *err) MUST_CHECK;
bool answer_email(const struct json_value *value, char *out, size_t capacity,
                  struct ssa_error *err) MUST_CHECK;

#endif
