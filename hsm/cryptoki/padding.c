#include "hsm/cryptoki/padding.h"

#include <string.h>

size_t padded_length(const uint8_t *field, size_t width)
{
    const uint8_t *zero = memchr(field, '\0', width);
    size_t len = zero == NULL ? width : (size_t)(zero - field);
    while (len > 0 && field[len - 1] == ' ')
        len--;
    return len;
}

bool padded_equal(const uint8_t *a, const uint8_t *b, size_t width)
{
    return span_equal(span_of(a, padded_length(a, width)), span_of(b, padded_length(b, width)));
}

void padded_write(uint8_t *field, size_t width)
{
    const size_t len = padded_length(field, width);
    memset(field + len, ' ', width - len);
}

void padded_text(char *to, size_t capacity, const CK_UTF8CHAR *from, size_t width)
{
    text_harmless(to, capacity, span_of(from, padded_length(from, width)));
}
