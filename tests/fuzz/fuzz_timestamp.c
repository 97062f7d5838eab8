// timestamp_read: what is taken for a time is one, and can be written and read again.
#include "fuzz.h"

#include "core/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size);
    CHECK(copy != NULL || size == 0);
    if (size > 0)
        memcpy(copy, data, size);
    time_t seconds = 0, again = 0;
    struct tm tm;
    if (timestamp_read(span_of(copy, size), &seconds)) {
        CHECK(gmtime_r(&seconds, &tm) != NULL);
        char text[64];
        // -1 is timegm's error, and years have four digits.
        if (seconds != -1 && tm.tm_year >= 1000 - 1900 && tm.tm_year <= 9999 - 1900) {
            CHECK(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
            CHECK(timestamp_read(span_text(text), &again));
            CHECK(again == seconds);
        }
    }
    free(copy);
    return 0;
}
