// One JSON text on standard output.
#pragma once

#include "core/json.h"

struct document {
    struct secret text;
    struct json_writer json;
};

// Begins a text with room for so many bytes. After success, document_print or document_drop ends it.
bool document_begin(struct document *document, size_t capacity, struct ssa_error *err) MUST_CHECK;
bool document_print(struct document *document, struct ssa_error *err) MUST_CHECK;
// Prints what was written so far, so that a long text needs little room.
bool document_flush(struct document *document, struct ssa_error *err) MUST_CHECK;
// Ends it without printing.
void document_drop(struct document *document);
