#include "journal/checksum.h"

#include "core/fingerprint.h"

static const char before[] = ",\"" CHECKSUM_MEMBER "\":\"", after[] = "\"}";

enum {
    DIGITS = FINGERPRINT_TEXT - 1,
    BEFORE = sizeof before - 1,
    AFTER = sizeof after - 1,
    LENGTH = BEFORE + DIGITS + AFTER
};

bool checksum_append(struct secret *text, size_t from)
{
    char digits[FINGERPRINT_TEXT];
    if (text->len < from + 2 || text->data[text->len - 1] != '}')
        return false;
    const size_t len = text->len - 1;
    fingerprint(span_of(text->data + from, len - from), digits);
    if (digits[0] == '\0' || text->capacity - len < LENGTH)
        return false;
    text->len = len;
    return secret_append_text(text, before) && secret_append_text(text, digits) && secret_append_text(text, after);
}

bool checksum_ends(struct span line)
{
    if (line.len < LENGTH)
        return false;
    const uint8_t *end = line.data + line.len - LENGTH;
    return memcmp(end, before, BEFORE) == 0 && memcmp(end + BEFORE + DIGITS, after, AFTER) == 0;
}

bool checksum_is_right(struct span line)
{
    char digits[FINGERPRINT_TEXT];
    if (!checksum_ends(line))
        return false;
    fingerprint(span_of(line.data, line.len - LENGTH), digits);
    return digits[0] != '\0' && memcmp(line.data + line.len - AFTER - DIGITS, digits, DIGITS) == 0;
}
