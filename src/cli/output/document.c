// One JSON text on standard output.
#include "cli/output/document.h"

#include <errno.h>

#include "cli/output/print.h"

bool document_begin(struct document *document, size_t capacity, struct ssa_error *err)
{
    if (!secret_new(&document->text, capacity, err))
        return false;
    if (json_begin(&document->json, &document->text, true))
        return true;
    secret_free(&document->text);
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the JSON");
}

bool document_print(struct document *document, struct ssa_error *err)
{
    const bool printed = json_end(&document->json, err) && print_result(secret_span(&document->text), err);
    secret_free(&document->text);
    return printed;
}

bool document_flush(struct document *document, struct ssa_error *err)
{
    const bool printed = print_result(secret_span(&document->text), err);
    secret_clear(&document->text);
    return printed;
}

void document_drop(struct document *document)
{
    // It frees the writer. What was written so far is not a whole text.
    const bool whole = json_end(&document->json, ERROR_IGNORED);
    (void)whole;
    secret_free(&document->text);
}
