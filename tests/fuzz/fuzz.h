// What the fuzzers share. A broken promise aborts, which libFuzzer reports with the input that did it.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

// A secret in the heap, of just this size, so that the address sanitizer sees a step beyond it.
static inline struct secret fuzz_secret(const void *text, size_t len, size_t capacity)
{
    struct secret s = {.data = malloc(capacity + 1), .len = len, .capacity = capacity};
    CHECK(s.data != NULL && len <= capacity);
    if (len > 0)
        memcpy(s.data, text, len);
    s.data[len] = 0;
    return s;
}

static inline void fuzz_secret_free(struct secret *s)
{
    free(s->data);
    *s = (struct secret){0};
}

// A NUL-terminated copy in the heap, cut at the first NUL; the caller frees it.
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

// Whether text is UTF-8 (RFC 3629) without control characters, bidirectional controls and separators.
static inline bool fuzz_is_harmless(const char *text)
{
    for (const uint8_t *p = (const uint8_t *)text; *p != 0;) {
        const size_t length = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
        if (length == 0)
            return false;
        uint32_t point = length == 1 ? *p : *p & (0x7fU >> length);
        for (size_t i = 1; i < length; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (p[i] & 0x3fU);
        }
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
        if (point < 0x20 || (point >= 0x7f && point <= 0x9f) || (point >= 0x2028 && point <= 0x202e) ||
            (point >= 0x2066 && point <= 0x2069) || point == 0x200e || point == 0x200f || point == 0x61c)
            return false;
        p += length;
    }
    return true;
}

// A failure says what it is, harmlessly.
static inline void fuzz_check_error(const struct ssa_error *err, enum ssa_class expected)
{
    CHECK(err->code == expected && err->what[0] != '\0');
    CHECK(fuzz_is_harmless(err->what) && fuzz_is_harmless(err->subject) && fuzz_is_harmless(err->cause) &&
          fuzz_is_harmless(err->hint));
}
