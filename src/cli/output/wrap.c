#include "cli/output/wrap.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

size_t wrap_width(void)
{
    struct winsize size = {0};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
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

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t columns_of(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += begins_character(text[i]);
    return count;
}

size_t wrap_columns(const char *text)
{
    return columns_of(text, strlen(text));
}

char *wrap_cut(const char *text, size_t columns)
{
    char *cut = NULL;
    size_t len = 0;
    if (wrap_columns(text) <= columns)
        return strdup(text);
    // The ellipsis takes one column.
    for (size_t count = 0; text[len] != '\0'; len++) {
        count += begins_character(text[len]);
        if (count >= columns)
            break;
    }
    return asprintf(&cut, "%.*s…", (int)len, text) >= 0 ? cut : NULL;
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
