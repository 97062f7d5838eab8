#include "cli/output/document.h"

#include <errno.h>

#include "cli/output/print.h"

bool document_begin(struct document *document, enum json_type object_or_array, struct ssa_error *err)
{
    document->type = object_or_array;
    if (!secret_new(&document->text, DOCUMENT_ITEM, err))
        return false;
    if (json_begin(&document->json, &document->text, true)) {
        json_open(&document->json, object_or_array);
        return true;
    }
    secret_free(&document->text);
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the JSON");
}

// Where there is no memory, the text stays as it is. It is then full at some time, and document_print says so.
static void make_room(struct secret *text)
{
    struct secret larger = {0};
    if (text->capacity - text->len >= DOCUMENT_ITEM || !secret_new(&larger, 2 * text->capacity, ERROR_IGNORED))
        return;
    if (!secret_append(&larger, secret_span(text))) {
        secret_free(&larger);
        return;
    }
    secret_free(text);
    *text = larger;
}

void document_open_item(struct document *document)
{
    make_room(&document->text);
    json_open(&document->json, JSON_OBJECT);
}

void when_json(struct json_writer *w, const char *name, struct ssa_time time)
{
    member_time(w, name, time.known, (time_t)time.seconds);
}

bool document_print(struct document *document, struct ssa_error *err)
{
    json_close(&document->json, document->type);
    const bool printed = json_end(&document->json, err) && print_result(secret_span(&document->text), err);
    secret_free(&document->text);
    return printed;
}

void document_drop(struct document *document)
{
    // It frees the writer. What was written so far is not a whole text.
    const bool whole = json_end(&document->json, ERROR_IGNORED);
    (void)whole;
    secret_free(&document->text);
}
