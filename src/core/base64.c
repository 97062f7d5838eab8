#include "core/base64.h"

// All ones when low <= c <= high, else 0; without a branch.
static uint32_t within(uint32_t c, uint32_t low, uint32_t high)
{
    // Both differences are below 2^31 exactly when c lies in the range: the sign bits say so.
    return (((low - 1 - c) & (c - high - 1)) >> 31) * UINT32_MAX;
}

// The two characters in which the alphabets of RFC 4648 differ.
struct alphabet {
    uint32_t c62, c63;
};

static const uint8_t padding_characters[] = {'=', '='};

static uint8_t character(uint32_t six, const struct alphabet *alphabet)
{
    uint32_t c = within(six, 0, 25) & ('A' + six);
    c |= within(six, 26, 51) & ('a' + six - 26);
    c |= within(six, 52, 61) & ('0' + six - 52);
    c |= within(six, 62, 62) & alphabet->c62;
    c |= within(six, 63, 63) & alphabet->c63;
    return (uint8_t)c;
}

// Encodes without padding. The caller has checked that it fits.
static void encode(struct secret *out, struct span in, const struct alphabet *alphabet)
{
    uint8_t *to = out->data + out->len;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < in.len; i++) {
        bits = bits << 8 | in.data[i];
        held += 8;
        while (held >= 6) {
            held -= 6;
            *to++ = character(bits >> held & 63, alphabet);
        }
    }
    if (held > 0)
        *to++ = character(bits << (6 - held) & 63, alphabet);
    out->len = (size_t)(to - out->data);
    out->data[out->len] = 0;
}

bool base64url_append(struct secret *out, struct span in)
{
    static const struct alphabet url = {'-', '_'};
    if (BASE64URL_LENGTH(in.len) > out->capacity - out->len)
        return false;
    encode(out, in, &url);
    return true;
}

bool base64_append(struct secret *out, struct span in)
{
    static const struct alphabet standard = {'+', '/'};
    if (BASE64_LENGTH(in.len) > out->capacity - out->len)
        return false;
    encode(out, in, &standard);
    return secret_append(out, span_of(padding_characters, BASE64_LENGTH(in.len) - BASE64URL_LENGTH(in.len)));
}

// The value of a character of the standard alphabet; 64 or more for any other character.
static uint32_t standard_value(uint32_t c)
{
    uint32_t v = within(c, 'A', 'Z') & (c - 'A' + 1);
    v |= within(c, 'a', 'z') & (c - 'a' + 27);
    v |= within(c, '0', '9') & (c - '0' + 53);
    v |= within(c, '+', '+') & 63;
    v |= within(c, '/', '/') & 64;
    return v - 1; // no character gives 0, and so UINT32_MAX here
}

// Turns the two characters that only base64url has into those of standard base64.
static uint8_t to_standard(uint8_t c)
{
    return (uint8_t)(c ^ (within(c, '-', '-') & ('-' ^ '+')) ^ (within(c, '_', '_') & ('_' ^ '/')));
}

static bool white(uint8_t c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

size_t base64_decode_in_place(uint8_t *text, size_t len)
{
    size_t written = 0, characters = 0, padding = 0;
    uint32_t bits = 0, wrong = 0;
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = text[i];
        if (white(c))
            continue;
        characters++;
        if (c == '=') {
            padding++;
            continue;
        }
        const uint32_t value = standard_value(c);
        // Data after padding, or a character of another alphabet.
        wrong |= value > 63 || padding > 0;
        bits = (bits << 6 | (value & 63)) & 0xffffff;
        if (characters % 4 == 0) {
            text[written++] = (uint8_t)(bits >> 16);
            text[written++] = (uint8_t)(bits >> 8);
            text[written++] = (uint8_t)bits;
        }
    }
    wrong |= characters % 4 != 0 || padding > 2;
    // Only a complete last group has room for its bytes.
    if (wrong == 0 && padding == 1) {
        // Three characters, 18 bits: two bytes, and two bits that must be zero (RFC 4648 section 3.5).
        text[written++] = (uint8_t)(bits >> 10);
        text[written++] = (uint8_t)(bits >> 2);
        wrong |= bits & 3;
    } else if (wrong == 0 && padding == 2) {
        text[written++] = (uint8_t)(bits >> 4);
        wrong |= bits & 15;
    }
    secret_wipe(text + written, len - written);
    secret_wipe(&bits, sizeof bits);
    if (wrong != 0) {
        secret_wipe(text, len);
        return SIZE_MAX;
    }
    return written;
}

bool base64_decode(struct secret *text)
{
    size_t characters = 0;
    bool padded = false;
    for (size_t i = 0; i < text->len; i++) {
        text->data[i] = to_standard(text->data[i]);
        characters += !white(text->data[i]);
        padded = padded || text->data[i] == '=';
    }
    const size_t lacking = padded || characters % 4 < 2 ? 0 : 4 - characters % 4;
    if (!secret_append(text, span_of(padding_characters, lacking)))
        return false;
    const size_t len = base64_decode_in_place(text->data, text->len);
    text->len = len == SIZE_MAX ? 0 : len;
    text->data[text->len] = 0;
    return len != SIZE_MAX;
}
