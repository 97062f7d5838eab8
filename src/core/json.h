// JSON both ways, over yajl's event interface. yajl's tree is never used: it takes plain malloc for whatever
// it is given, and what we read may be a private key. The memory of parser and generator is wiped when it is
// released.
#ifndef SSA_CORE_JSON_H
#define SSA_CORE_JSON_H

#include <time.h>

#include "core/secret.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_OBJECT, JSON_ARRAY };

// One value as it is met. path is where it stands: member names joined by dots, "[]" for an element of an
// array
// ("keys[].kid"), "" for the whole. text is the string unescaped, the number as written, "true" or "false",
// and empty for the rest; an object or array is announced when it opens. Both are gone when the visit
// returns.
struct json_value {
    const char *path;
    enum json_type type;
    struct span text;
};

// Returns false to stop the reading, with err filled.
typedef bool json_visit(void *context, const struct json_value *value, struct ssa_error *err);

// Reads one JSON text (RFC 8259) and shows each value to visit. Fails with SSA_UNEXPECTED where it is no
// JSON, is nested deeper than 16 or has trailing bytes, or as visit failed.
bool json_read(struct span text, json_visit *visit, void *context, struct ssa_error *err) MUST_CHECK;

// The same text indented by two, as `json.dumps(…, indent=2)` and JSON.stringify(…, null, 2) print it (but
// for the case of the digits in an escape), appended to out with a line break after it.
bool json_indent(struct span text, struct secret *out, struct ssa_error *err) MUST_CHECK;

// Writing. A failure (out is full) is remembered and told by json_end.
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
// A member with a string, or null for NULL and an empty one.
void member_text(struct json_writer *w, const char *name, const char *text);
void member_bool(struct json_writer *w, const char *name, bool value);
// The same, or null where it is not known.
void member_bool_or_null(struct json_writer *w, const char *name, bool known, bool value);
// A member with a point in time (ISO 8601 in UTC), or null where it is not known.
void member_time(struct json_writer *w, const char *name, bool known, time_t at);
// Ends the text and frees the writer. Fails with SSA_UNEXPECTED when anything did not fit or was no UTF-8.
bool json_end(struct json_writer *w, struct ssa_error *err) MUST_CHECK;

#endif
