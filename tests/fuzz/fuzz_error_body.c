// error_body_read: one short harmless line, whatever a server sends, and never the client secret. The input
// is a byte for the status, the secret up to a line break, and the body.
#include "fuzz.h"

#include "oauth/error_body.h"

// A secret that is one: long enough, of the letters that the provider's have, not all of them the same.
static bool is_secret(const char *secret)
{
    const size_t len = strlen(secret);
    return len >= 6 && len < 60 &&
           strspn(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == len &&
           strpbrk(secret, "0123456789") != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
    if (line == NULL)
        return 0;
    char *secret = fuzz_text(data + 1, line == data ? 0 : (size_t)(line - data) - 1);
    struct refusal *refusal = malloc(sizeof *refusal);
    CHECK(refusal != NULL);
    char *const out = refusal->said;
    struct mask mask = {0};
    mask_add(&mask, span_text(secret));
    const struct span body = span_of(line + 1, size - (size_t)(line - data) - 1);
    error_body_read(body, 380L + data[0], &mask, refusal);
    CHECK(memchr(out, '\0', ERROR_BODY_MAX) != NULL);
    CHECK(out[0] != '\0');
    CHECK(fuzz_is_harmless(out));
    if (is_secret(secret))
        CHECK(strstr(out, secret) == NULL);
    free(secret);
    free(refusal);
    return 0;
}
