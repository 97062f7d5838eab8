#include "config/dotenv.h"

#include <ctype.h>

// How far the text is read. The closing quote or the line end of a value is overwritten with its NUL.
struct cursor {
    char *at;
    char *end;
    size_t line;
    const char *subject;
    struct ssa_error *err;
};

static bool malformed(const struct cursor *c, size_t line, const char *what)
{
    error_set(c->err, SSA_CONFIG, NULL, c->subject, "line %zu %s", line, what);
    return error_hint(c->err, "A line is NAME=\"value\", NAME='value', NAME=value or a comment.");
}

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}

static void skip_line(struct cursor *c)
{
    char *end = memchr(c->at, '\n', (size_t)(c->end - c->at));
    c->at = end == NULL ? c->end : end + 1;
    c->line++;
}

static bool name_character(char c, bool first)
{
    return c == '_' || isalpha((unsigned char)c) || (!first && (isdigit((unsigned char)c) || c == '.' || c == '-'));
}

// Takes the name up to the "=". "export " before it is dropped.
static bool take_name(struct cursor *c, struct assignment *a)
{
    static const char export[] = "export ";
    if ((size_t)(c->end - c->at) > sizeof export - 1 && memcmp(c->at, export, sizeof export - 1) == 0) {
        c->at += sizeof export - 1;
        skip_blanks(c);
    }
    char *const name = c->at;
    while (c->at < c->end && name_character(*c->at, c->at == name))
        c->at++;
    char *const name_end = c->at;
    skip_blanks(c);
    if (name_end == name || c->at == c->end || *c->at != '=')
        return malformed(c, c->line, "is not an assignment");
    c->at++;
    *name_end = '\0';
    a->name = name;
    skip_blanks(c);
    return true;
}

// After a closing quote there may be blanks and a comment.
static bool only_comment_follows(const struct cursor *c)
{
    const char *at = c->at;
    while (at < c->end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at == c->end || *at == '\n' || *at == '#';
}

static bool take_quoted(struct cursor *c, struct assignment *a)
{
    const char quote = *c->at++;
    a->value = c->at;
    for (; c->at < c->end && *c->at != quote; c->at++) {
        if (*c->at == '\n')
            c->line++;
        if (quote == '"' && *c->at == '\\') {
            a->ambiguous = true;
            // An escaped quote does not close the value.
            if (c->at + 1 < c->end && *++c->at == '\n')
                c->line++;
        }
    }
    if (c->at == c->end)
        return malformed(c, a->line, "opens a quote and does not close it");
    *c->at++ = '\0';
    if (!only_comment_follows(c))
        return malformed(c, c->line, "has text after its closing quote");
    skip_line(c);
    return true;
}

static void take_bare(struct cursor *c, struct assignment *a)
{
    char *const value = c->at;
    char *end = memchr(value, '\n', (size_t)(c->end - value));
    if (end == NULL)
        end = c->end;
    c->at = end;
    skip_line(c);
    // A comment begins at the start of the value, or after a blank.
    for (char *p = value; p < end; p++)
        if (*p == '#' && (p == value || p[-1] == ' ' || p[-1] == '\t'))
            end = p;
    while (end > value && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    a->value = value;
}

bool dotenv_read(struct secret *text, const char *subject, dotenv_visit *visit, void *context, struct ssa_error *err)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct cursor c = {.at = (char *)text->data, .line = 1, .subject = subject, .err = err};
    c.end = c.at + text->len;
    if (memchr(text->data, '\0', text->len) != NULL)
        return error_set(err, SSA_CONFIG, NULL, subject, "holds a zero byte, so it is not text");
    if (text->len >= 3 && memcmp(c.at, byte_order_mark, 3) == 0)
        c.at += 3;
    while (c.at < c.end) {
        skip_blanks(&c);
        if (c.at == c.end)
            break;
        if (*c.at == '\n' || *c.at == '\r' || *c.at == '#') {
            skip_line(&c);
            continue;
        }
        struct assignment a = {.line = c.line};
        if (!take_name(&c, &a))
            return false;
        if (c.at < c.end && (*c.at == '"' || *c.at == '\'')) {
            if (!take_quoted(&c, &a))
                return false;
        } else {
            take_bare(&c, &a);
        }
        a.last_line = c.line - 1;
        if (!visit(context, &a, err))
            return false;
    }
    return true;
}

static bool cannot_be_quoted(const char *name, const char *why, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, name,
              "holds %s: the shell and dotenv libraries read that differently, however it is quoted", why);
    return error_hint(err, "Put it into a file of its own, mode 0600, and give %s=file:PATH.", name);
}

bool dotenv_append(struct secret *out, const char *name, const char *value, struct ssa_error *err)
{
    const bool needs_single = strpbrk(value, "$`\\\"") != NULL;
    for (const char *p = value; *p != '\0'; p++)
        if (iscntrl((unsigned char)*p))
            return error_set(err, SSA_CONFIG, NULL, name,
                             "holds a control character, which cannot be written to a profile");
    if (needs_single && strchr(value, '\'') != NULL)
        return cannot_be_quoted(name, "a single quote and one of $ ` \\ \"", err);
    // Between single quotes the shell and most libraries leave a backslash alone. Python's library reads two
    // backslashes, and one before the quote, as escapes.
    const size_t len = strlen(value);
    if (strstr(value, "\\\\") != NULL || (len > 0 && value[len - 1] == '\\'))
        return cannot_be_quoted(name, "two backslashes in a row, or one at its end", err);
    const char *quote = needs_single ? "'" : "\"";
    const char *const parts[] = {name, "=", quote, value, quote, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!secret_append_text(out, parts[i]))
            return error_set(err, SSA_CONFIG, NULL, name, "does not fit into a profile");
    return true;
}
