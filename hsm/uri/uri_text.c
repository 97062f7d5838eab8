// A PKCS#11 URI's text: white space, and what p11-kit's parser reads otherwise than it is meant.
#include "hsm/uri/uri_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/span.h"

#define WHITE " \t\r\n\v\f"

static const char scheme[] = "pkcs11:";

bool uri_text_is_uri(const char *text)
{
    return strncasecmp(text + strspn(text, WHITE), scheme, sizeof scheme - 1) == 0;
}

// Reads from in, writes to out: a text and what it is within.
struct tidying {
    const char *in;
    char *out;
    const char *name, *value; // where the attribute's begin, in out; value is NULL before its "="
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

// Blanks between the characters of a value are meant. About a name, and around a line break, white space is
// how the text was laid out.
static void pass_white(struct tidying *t, size_t run)
{
    const bool blanks = strspn(t->in, " ") == run;
    const bool within = t->value != NULL && t->out > t->value && !ends_value(t, t->in[run]);
    for (size_t i = 0; within && blanks && i < run; i++)
        put_blank(t);
    t->in += run;
}

// A token's text that begins with a zero byte is an empty one, which p11-kit would take for any.
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
    for (size_t i = 0; !t->query && i < sizeof names / sizeof names[0]; i++)
        if (span_is(name, names[i]))
            return strncmp(t->in, "%00", 3) == 0;
    return false;
}

static void pass_one(struct tidying *t)
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
    // A blank grows to three characters.
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
            pass_white(&t, run);
        else
            pass_one(&t);
    }
    *t.out = '\0';
    *tidy = made;
    return true;
}

static bool is_slot(const char *digits, size_t len)
{
    char *end = NULL;
    errno = 0;
    const unsigned long number = strtoul(digits, &end, 10);
    // The last number is Cryptoki's own "none".
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
