#include "cli/output/width.h"

#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

// The program's texts are UTF-8, whatever the locale of its user. Only this measuring uses a locale: elsewhere it would
// change how names are compared. 0 where there is none: then each character counts as one column.
static locale_t measuring(void)
{
    static locale_t utf8;
    if (utf8 == (locale_t)0)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    return utf8;
}

// The first character's bytes (not 0) and columns. A byte that is no text counts as one of each.
static size_t step(const char *text, size_t left, size_t *columns)
{
    wchar_t character = 0;
    mbstate_t state = {0};
    const size_t bytes = mbrtowc(&character, text, left, &state);
    *columns = 1;
    if (bytes == 0 || bytes > left)
        return 1;
    const int width = wcwidth(character);
    *columns = width < 0 ? 1 : (size_t)width;
    return bytes;
}

// The same without a locale (RFC 3629 section 3).
static size_t plain_step(const char *text, size_t left, size_t *columns)
{
    size_t bytes = 1;
    while (bytes < left && ((unsigned char)text[bytes] & 0xc0) == 0x80)
        bytes++;
    *columns = 1;
    return bytes;
}

size_t width_fit(const char *text, size_t len, size_t columns, size_t *taken)
{
    const locale_t utf8 = measuring();
    const locale_t before = utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
    size_t at = 0;
    *taken = 0;
    while (at < len) {
        size_t own = 0;
        const size_t bytes =
            utf8 != (locale_t)0 ? step(text + at, len - at, &own) : plain_step(text + at, len - at, &own);
        if (*taken + own > columns)
            break;
        *taken += own;
        at += bytes;
    }
    if (utf8 != (locale_t)0)
        (void)uselocale(before);
    return at;
}

size_t width_cut(const char *text, size_t columns, size_t ellipsis, size_t *taken)
{
    return width_fit(text, strlen(text), columns > ellipsis ? columns - ellipsis : 0, taken);
}

size_t width_of(const char *text)
{
    size_t taken = 0;
    (void)width_fit(text, strlen(text), SIZE_MAX / 2, &taken);
    return taken;
}
