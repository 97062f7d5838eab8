#include "core/text.h"

#include <stdio.h>

// The length of the UTF-8 sequence at p (RFC 3629), and its code point in *point; 0 where it is not valid.
static size_t utf8_sequence(const uint8_t *p, size_t left, uint32_t *point)
{
    static const struct {
        uint8_t mask, lead, length;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};
    for (size_t i = 0; i < COUNT(forms); i++) {
        if ((p[0] & forms[i].mask) != forms[i].lead)
            continue;
        if (forms[i].length > left)
            return 0;
        uint32_t value = p[0] & (uint8_t)~forms[i].mask;
        for (size_t k = 1; k < forms[i].length; k++) {
            if ((p[k] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (p[k] & 0x3fU);
        }
        const bool surrogate = value >= 0xd800 && value <= 0xdfff;
        if (value < forms[i].least || value > 0x10ffff || surrogate)
            return 0;
        *point = value;
        return forms[i].length;
    }
    return 0;
}

bool text_is_utf8(struct span text)
{
    uint32_t point = 0;
    for (size_t i = 0; i < text.len;) {
        const size_t length = utf8_sequence(text.data + i, text.len - i, &point);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

static bool steers_terminal(uint32_t point)
{
    const bool control = point < 0x20 || (point >= 0x7f && point <= 0x9f);
    const bool bidi = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0x200e ||
                      point == 0x200f || point == 0x061c;
    const bool separator = point == 0x2028 || point == 0x2029;
    return control || bidi || separator;
}

void text_harmless(char *out, size_t capacity, struct span in)
{
    if (capacity == 0)
        return;
    size_t used = 0;
    for (size_t i = 0; i < in.len;) {
        uint32_t point = 0;
        const size_t length = utf8_sequence(in.data + i, in.len - i, &point);
        const size_t step = length == 0 ? 1 : length;
        const bool bad = length == 0 || steers_terminal(point);
        const size_t need = bad ? 1 : length;
        if (used + need >= capacity)
            break;
        if (bad)
            out[used] = in.data[i] == '\n' || in.data[i] == '\t' ? ' ' : '?';
        else
            memcpy(out + used, in.data + i, length);
        used += need;
        i += step;
    }
    out[used] = '\0';
}

void text_harmless_format(char *out, size_t capacity, const char *format, va_list args)
{
    char raw[1024];
    if (vsnprintf(raw, sizeof raw, format, args) < 0)
        raw[0] = '\0';
    text_harmless(out, capacity, span_text(raw));
}

bool text_shell_word(char *out, size_t capacity, const char *text)
{
    const char *quote = text[0] == '\0' || text[strspn(text, TEXT_ALPHANUMERIC "_-+./:,@%=")] != '\0' ? "'" : "";
    size_t used = strlen(quote);
    if (!text_format(out, capacity, "%s", quote))
        return false;
    for (; *text != '\0'; text++) {
        const char plain[] = {*text, '\0'};
        const char *written = *text == '\'' ? "'\\''" : plain;
        if (!text_format(out + used, capacity - used, "%s", written))
            return false;
        used += strlen(written);
    }
    return text_format(out + used, capacity - used, "%s", quote);
}

void text_hex(char *out, struct span bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = digits[bytes.data[i] >> 4];
        *out++ = digits[bytes.data[i] & 0xf];
    }
    *out = '\0';
}

int text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_format(char *out, size_t capacity, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int written = vsnprintf(out, capacity, format, args);
    va_end(args);
    return written >= 0 && (size_t)written < capacity;
}

enum { NAME_MAX_LENGTH = 40 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

// The number of edits between two names: adding, removing or changing a letter, or swapping two neighbours.
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_LENGTH + 1];
    const size_t width = strlen(b), height = strlen(a);
    if (width > NAME_MAX_LENGTH || height > NAME_MAX_LENGTH)
        return NAME_MAX_LENGTH;
    for (size_t j = 0; j <= width; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= height; i++) {
        size_t *const row = rows[i % 3];
        const size_t *const above = rows[(i + 2) % 3], *const two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            const bool same = a[i - 1] == b[j - 1];
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            row[j] = smaller(above[j - 1] + (same ? 0 : 1), smaller(above[j], row[j - 1]) + 1);
            if (swapped)
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[height % 3][width];
}

const char *text_nearest(const char *typed, const char *const *names, size_t count)
{
    const char *best = NULL;
    if (strlen(typed) > NAME_MAX_LENGTH)
        return NULL;
    // If more than a third of the letters differ, it is another word.
    size_t least = strlen(typed) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        const size_t d = distance(typed, names[i]);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}
