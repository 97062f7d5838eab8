// One JSON text on standard output. It is printed whole or not at all: a part of a list would look like all of it.
#pragma once

#include "core/json.h"

struct document {
    struct secret text;
    struct json_writer json;
    enum json_type type;
};

// Begins a text that is an object or an array. After success, document_print or document_drop ends it.
bool document_begin(struct document *document, enum json_type object_or_array, struct ssa_error *err) MUST_CHECK;

// Opens an object in an array, with room for DOCUMENT_ITEM bytes. The caller closes it.
enum { DOCUMENT_ITEM = 64 * 1024 };
void document_open_item(struct document *document);

// Writes a member: a point in time as ISO 8601 in UTC, or null.
void when_json(struct json_writer *w, const char *name, struct ssa_time time);

// Closes the text, prints and frees it.
bool document_print(struct document *document, struct ssa_error *err) MUST_CHECK;

// Frees it without printing.
void document_drop(struct document *document);
