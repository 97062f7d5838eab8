// Escapes of URLs, JSON and HTML.
#include "core/escape.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t number_escape(const char *p, const char *head, size_t digits, int base, unsigned long *value)
{
    char copy[8] = "", *end = NULL;
    const size_t skip = strlen(head);
    if (strncasecmp(p, head, skip) != 0)
        return 0;
    for (size_t i = 0; i < digits && i + 1 < sizeof copy && isxdigit((unsigned char)p[skip + i]); i++)
        copy[i] = p[skip + i];
    *value = strtoul(copy, &end, base);
    const bool all = base == 16 ? strlen(copy) == digits : end != copy;
    return all && *end == '\0' ? skip + strlen(copy) : 0;
}

static size_t html_name(const char *p, unsigned long *value)
{
    static const struct {
        const char *name;
        char c;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncasecmp(p, names[i].name, strlen(names[i].name)) == 0) {
            *value = (unsigned char)names[i].c;
            return strlen(names[i].name);
        }
    }
    return 0;
}

static size_t any_escape(const char *p, unsigned long *value)
{
    size_t len = number_escape(p, "%", 2, 16, value);
    if (len == 0)
        len = number_escape(p, "\\u", 4, 16, value);
    if (len == 0 && (len = number_escape(p, "&#", 3, 10, value)) > 0)
        return len + (p[len] == ';');
    if (len == 0)
        len = html_name(p, value);
    if (len == 0 && p[0] == '\\' && p[1] != '\0') {
        *value = strchr("nrt", p[1]) != NULL ? ' ' : (unsigned char)p[1];
        len = 2;
    }
    return len;
}

size_t escape_read(const char *p, char *c)
{
    unsigned long value = 0;
    const size_t len = any_escape(p, &value);
    *c = ' ';
    if (value > 0x20 && value < 0x7f)
        *c = (char)value;
    return len;
}
