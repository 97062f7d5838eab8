// Reading and writing JSON, by yajl's event interface. yajl's tree would keep the values, perhaps a private key, in
// plain malloc memory. The memory of this parser and generator is wiped when it is freed.
#pragma once

#include <time.h>

#include "core/secret.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_OBJECT, JSON_ARRAY };

// One value. path tells its place: member names joined by dots, and "[]" for an element of an array ("keys[].kid"); ""
// for the whole text. text is a string without its escapes, a number as it is written, "true" or "false"; else it is
// empty. An object or array is shown when it opens. path and text are valid only during the visit.
struct json_value {
    const char *path;
    enum json_type type;
    struct span text;
};

// Returns false, with err filled, to stop reading.
typedef bool json_visit(void *context, const struct json_value *value, struct ssa_error *err);

// Reads one JSON text (RFC 8259) and shows each value to visit. Fails as visit fails. Fails with SSA_UNEXPECTED if the
// text is not JSON, is nested deeper than 16, or has bytes after its end.
bool json_read(struct span text, json_visit *visit, void *context, struct ssa_error *err) MUST_CHECK;

// Appends the text, indented by two, and a line break to out. The form is that of `json.dumps(…, indent=2)` and
// JSON.stringify(…, null, 2), except that letters in an escape may have another case.
bool json_indent(struct span text, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Writing. If something fails, for instance because out is full, json_end fails.
struct json_writer {
    void *generator;
    struct secret *out;
};

bool json_begin(struct json_writer *w, struct secret *out, bool indented) MUST_CHECK;
void json_open(struct json_writer *w, enum json_type object_or_array);
void json_close(struct json_writer *w, enum json_type object_or_array);
void json_name(struct json_writer *w, const char *name);
void json_string(struct json_writer *w, struct span text);
void json_integer(struct json_writer *w, long long value);
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);
// Opens a member that is an object or an array.
void member_open(struct json_writer *w, const char *name, enum json_type object_or_array);
// Write a member of an object: a string, or null for NULL and for an empty string.
void member_text(struct json_writer *w, const char *name, const char *text);
void member_bool(struct json_writer *w, const char *name, bool value);
// A bool, or null where it is not known.
void member_bool_or_null(struct json_writer *w, const char *name, bool known, bool value);
// A point in time (ISO 8601 in UTC), or null where it is not known.
void member_time(struct json_writer *w, const char *name, bool known, time_t at);
// Ends the text and frees the writer. Fails with SSA_UNEXPECTED when something did not fit or was not UTF-8.
bool json_end(struct json_writer *w, struct ssa_error *err) MUST_CHECK;
