#include "config/old_comment.h"

#include <ctype.h>

#include "core/text.h"

// A comment that is wrongly taken for a value makes the import refuse. One that is wrongly taken for prose is lost. So
// the rules here take too much rather than too little.

// A word of this length with letters and digits may be an id, a password or a key.
enum { SECRET_WORD_MIN = 16, NAME_MAX_SHOWN = 80 };

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static const char *behind_blanks(const char *at, const char *end)
{
    while (at < end && (isblank((unsigned char)*at) || *at == '\r'))
        at++;
    return at;
}

// Finds the name before the "=" or ":" at "at", without its quotes. Returns its length, 0 where there is none.
static size_t name_before(const char *begin, const char *at, const char **name)
{
    while (at > begin && (isblank((unsigned char)at[-1]) || is_quote(at[-1])))
        at--;
    const char *const end = at;
    while (at > begin && is_name(at[-1]))
        at--;
    *name = at;
    return (size_t)(end - at);
}

// A ruled line ("====="), a URL's "://" and a time of day give no value.
static bool gives_value(const char *at, const char *end)
{
    const char *value = behind_blanks(at + 1, end);
    if (value == end || *value == '=' || *value == ':')
        return false;
    if (*at == '=')
        return true;
    return strncmp(at, "://", 3) != 0 && !(isdigit((unsigned char)at[-1]) && isdigit((unsigned char)at[1]));
}

static bool find_value(const char *comment, const char *end, char out[static OLD_NAME_MAX])
{
    for (const char *at = comment; at < end; at++) {
        const char *name = NULL;
        const size_t len = *at == '=' || *at == ':' ? name_before(comment, at, &name) : 0;
        if (len == 0 || !gives_value(at, end))
            continue;
        return text_format(out, OLD_NAME_MAX, "%.*s in a comment", (int)(len < NAME_MAX_SHOWN ? len : NAME_MAX_SHOWN),
                           name);
    }
    return false;
}

static bool may_be_secret(const char *word, size_t len)
{
    bool letter = false, digit = false;
    for (size_t i = 0; i < len; i++) {
        letter |= isalpha((unsigned char)word[i]) != 0;
        digit |= isdigit((unsigned char)word[i]) != 0;
        if (word[i] == ':')
            return false;
    }
    return len >= SECRET_WORD_MIN && letter && digit;
}

static bool find_secret(const char *comment, const char *end, char out[static OLD_NAME_MAX])
{
    for (const char *at = comment; at < end;) {
        const char *word = at = behind_blanks(at, end);
        while (at < end && !isspace((unsigned char)*at))
            at++;
        if (!may_be_secret(word, (size_t)(at - word)))
            continue;
        return text_format(out, OLD_NAME_MAX, "a possible secret in a comment");
    }
    return false;
}

// A "#" begins a comment at the start of a line, after a blank, and after a closing quote.
static const char *comment_of(const char *line, const char *end)
{
    for (const char *at = line; at < end; at++)
        if (*at == '#' && (at == line || isblank((unsigned char)at[-1]) || is_quote(at[-1])))
            return at + 1;
    return end;
}

bool old_comment_find(const char *text, bool behind_values, char out[static OLD_NAME_MAX])
{
    for (const char *line = text; *line != '\0';) {
        const char *const end = line + strcspn(line, "\r\n");
        const char *const comment = comment_of(line, end);
        const bool looked_for = !behind_values || behind_blanks(line, end) + 1 < comment;
        if (looked_for && (find_value(comment, end, out) || find_secret(comment, end, out)))
            return true;
        line = end + strspn(end, "\r\n");
    }
    return false;
}
