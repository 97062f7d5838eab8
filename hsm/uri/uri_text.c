#include "hsm/uri/uri_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/text.h"

#define WHITE " \t\r\n\v\f"

static const char scheme[] = "pkcs11:";

bool uri_text_is_uri(const char *text)
{
    return strncasecmp(text + strspn(text, WHITE), scheme, sizeof scheme - 1) == 0;
}

// How far the text has been copied.
struct tidying {
    const char *in;
    char *out;
    const char *name, *value; // where those of the current attribute begin in out; value is NULL before its "="
    bool query;
};

static bool ends_value(const struct tidying *t, char c)
{
    return c == '\0' || (t->query ? c == '&' : c == ';' || c == '?');
}

static void put_blank(struct tidying *t)
{
    memcpy(t->out, "%20", 3);
    t->out += 3;
}

// Blanks inside a value belong to it. White space around a name, or with a line break, is only layout.
static void copy_white(struct tidying *t, size_t run)
{
    const bool blanks = strspn(t->in, " ") == run;
    const bool within = t->value != NULL && t->out > t->value && !ends_value(t, t->in[run]);
    for (size_t i = 0; within && blanks && i < run; i++)
        put_blank(t);
    t->in += run;
}

// A value that begins with a zero byte means an empty text. p11-kit would take it for any text.
static bool begins_with_zero(const struct tidying *t)
{
    static const char *const names[] = {"token=",
                                        "serial=",
                                        "model=",
                                        "manufacturer=",
                                        "slot-description=",
                                        "slot-manufacturer=",
                                        "library-description=",
                                        "library-manufacturer="};
    const struct span name = span_of(t->name, (size_t)(t->value - t->name));
    for (size_t i = 0; !t->query && i < COUNT(names); i++)
        if (span_is(name, names[i]))
            return strncmp(t->in, "%00", 3) == 0;
    return false;
}

static void copy_one(struct tidying *t)
{
    const bool ends = ends_value(t, *t->in), begins = t->value == NULL && *t->in == '=';
    t->query = t->query || (ends && *t->in == '?');
    *t->out++ = *t->in++;
    if (ends) {
        t->name = t->out;
        t->value = NULL;
    } else if (begins) {
        t->value = t->out;
        if (begins_with_zero(t))
            put_blank(t);
    }
}

bool uri_text_tidy(const char *text, char **tidy)
{
    // A blank becomes three characters.
    char *made = malloc(3 * strlen(text) + 1);
    if (made == NULL)
        return false;
    struct tidying t = {.in = text + strspn(text, WHITE), .out = made};
    if (uri_text_is_uri(t.in)) {
        memcpy(t.out, scheme, sizeof scheme - 1);
        t.out += sizeof scheme - 1;
        t.in += sizeof scheme - 1;
    }
    t.name = t.out;
    while (*t.in != '\0') {
        const size_t run = strspn(t.in, WHITE);
        if (run > 0)
            copy_white(&t, run);
        else
            copy_one(&t);
    }
    *t.out = '\0';
    *tidy = made;
    return true;
}

bool uri_text_percents_are_sound(const char *text)
{
    for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at + 1, '%'))
        if (!isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2]))
            return false;
    return true;
}

static bool is_slot(const char *digits, size_t len)
{
    char *end = NULL;
    errno = 0;
    const unsigned long number = strtoul(digits, &end, 10);
    // The largest number means "none" in Cryptoki.
    return len > 0 && strspn(digits, "0123456789") == len && errno == 0 && end == digits + len &&
           number != (unsigned long)-1;
}

bool uri_text_slot_is_sound(const char *tidy)
{
    static const char slot[] = "slot-id=";
    for (const char *at = tidy + strcspn(tidy, ":"); *at == ':' || *at == ';'; at += strcspn(at, ";?")) {
        at++;
        if (strncmp(at, slot, sizeof slot - 1) != 0)
            continue;
        const char *digits = at + sizeof slot - 1;
        if (!is_slot(digits, strcspn(digits, ";?")))
            return false;
    }
    return true;
}
