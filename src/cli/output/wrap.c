#include "cli/output/wrap.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output/screen.h"
#include "cli/output/width.h"

size_t wrap_width(void)
{
    return isatty(STDOUT_FILENO) == 1 ? screen_columns(STDOUT_FILENO) : 0;
}

// The bytes of the word that begins here.
static size_t word_length(const char *text)
{
    size_t len = 0;
    while (text[len] != '\0' && text[len] != ' ') {
        const char *end = text[len] == '`' ? strchr(text + len + 1, '`') : NULL;
        len = end != NULL ? (size_t)(end - text) + 1 : len + 1;
    }
    return len;
}

static size_t columns_of(const char *text, size_t len)
{
    size_t taken = 0;
    (void)width_fit(text, len, SIZE_MAX / 2, &taken);
    return taken;
}

char *wrap_cut(const char *text, size_t columns)
{
    const char *ellipsis = screen_ellipsis();
    const size_t dots = width_of(ellipsis);
    char *cut = NULL;
    size_t taken = 0;
    if (width_of(text) <= columns)
        return strdup(text);
    const size_t len = width_cut(text, columns, dots, &taken);
    return asprintf(&cut, "%.*s%s", (int)len, text, ellipsis) >= 0 ? cut : NULL;
}

static void write_wrapped(FILE *out, const char *text, size_t indent, size_t width)
{
    size_t at = indent;
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        const size_t len = word_length(text), own = columns_of(text, len);
        if (at > indent && width > 0 && at + 1 + own > width) {
            (void)fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            (void)fputc(' ', out);
            at++;
        }
        (void)fwrite(text, 1, len, out);
        at += own;
        text += len;
    }
}

char *wrap_text(const char *text, size_t indent, size_t width)
{
    char *wrapped = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&wrapped, &len);
    if (out == NULL)
        return NULL;
    write_wrapped(out, text, indent, width);
    if (fclose(out) == 0)
        return wrapped;
    free(wrapped);
    return NULL;
}
