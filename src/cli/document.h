// One JSON text on standard output.
#ifndef SSA_CLI_DOCUMENT_H
#define SSA_CLI_DOCUMENT_H

#include "core/json.h"

struct document {
    struct secret text;
    struct json_writer json;
};

// With room for so many bytes. On success document_print ends it, in any case.
bool document_begin(struct document *document, size_t capacity, struct ssa_error *err) MUST_CHECK;
bool document_print(struct document *document, struct ssa_error *err) MUST_CHECK;
// Prints what there is so far, for one that may be of any length.
bool document_flush(struct document *document, struct ssa_error *err) MUST_CHECK;
// Ends it without printing.
void document_drop(struct document *document);

#endif
