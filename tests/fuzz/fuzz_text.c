// text_harmless: whatever comes in, what goes out is UTF-8 that steers no terminal, and fits.
#include "fuzz.h"

#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const size_t capacity = data[0];
    char *out = malloc(capacity + 1), *again = malloc(capacity + 1);
    CHECK(out != NULL && again != NULL);
    text_harmless(out, capacity, span_of(data + 1, size - 1));
    if (capacity > 0) {
        CHECK(strlen(out) < capacity);
        CHECK(fuzz_is_harmless(out));
        text_harmless(again, capacity, span_text(out));
        CHECK(strcmp(out, again) == 0);
    }
    free(out);
    free(again);
    return 0;
}
