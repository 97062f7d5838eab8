// credentials_read: a header up to the first line break, then a form. What is read is text within bounds.
#include "fuzz.h"

#include "agent/callers/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    const size_t len = end != NULL ? (size_t)(end - data) : 0;
    char *header = fuzz_text(data, len);
    const struct span form = end != NULL ? span_of(end + 1, size - len - 1) : span_of(data, size);
    struct credentials c;
    struct ssa_error err = {0};
    if (credentials_read(form, end != NULL ? header : NULL, &c, &err)) {
        CHECK(strlen(c.client_id) < sizeof c.client_id && strlen(c.scope) < sizeof c.scope);
        CHECK(c.client_secret.len <= CALLER_SECRET_MAX);
        credentials_free(&c);
    } else {
        fuzz_check_error(&err, SSA_USAGE);
    }
    free(header);
    return 0;
}
