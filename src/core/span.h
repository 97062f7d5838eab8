// Borrowed bytes: pointer and length.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *data;
    size_t len;
};

static inline struct span span_of(const void *data, size_t len)
{
    return (struct span){.data = data, .len = len};
}

static inline struct span span_text(const char *text)
{
    return (struct span){.data = (const uint8_t *)text, .len = strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_text(text));
}

// For "%.*s". The callers' spans are much shorter than INT_MAX.
#define SPAN_PRINTF(s) (int)(s).len, (const char *)(s).data
