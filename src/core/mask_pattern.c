// PEM blocks, JWTs, values after names such as "token", URLs with passwords, random characters.
#include "core/mask_pattern.h"

#include <ctype.h>
#include <strings.h>

#include "core/text.h"

enum {
    RANDOM_LEAST = 10,
    LONG_RUN = 40, // of letters and digits: too long for a word, however regular
    LONG_PATH = 60 // the same with dashes and slashes, as paths have them
};

void mask_hide(struct mask_work *w, size_t begin, size_t end)
{
    const size_t last = end < w->view.len ? end : w->view.len;
    for (size_t i = w->view.from[begin]; begin < last && i < w->view.from[last]; i++)
        w->hidden[i] = true;
}

bool mask_is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`' || c == '\\';
}

size_t mask_run_end(const struct mask_view *view, size_t index, bool (*of_kind)(char c))
{
    while (index < view->len && of_kind(view->text[index]))
        index++;
    return index;
}

static bool of_base64(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("-_+/", c) != NULL);
}

// The characters of RFC 6750's access tokens, which include the dots of a JWT.
static bool of_token(char c)
{
    return of_base64(c) || c == '.' || c == '~' || c == '=';
}

static const char *dashes_before(const char *text, const char *at)
{
    while (at > text && (at[-1] == '-' || at[-1] == ' '))
        at--;
    return at + strspn(at, " ");
}

// Returns the place after the line that ends a block, or the end of the text.
static const char *pem_end(const char *at)
{
    const char *end = strstr(at, "-END");
    if (end == NULL)
        return at + strlen(at);
    end += strlen("-END");
    while (isupper((unsigned char)*end) || *end == ' ' || *end == '-')
        end++;
    return end[-1] == ' ' ? end - 1 : end;
}

// Hides a block, or the part of it that is there. If its beginning is missing, hides its last line.
static void hide_pem(struct mask_work *w)
{
    const char *text = w->view.text;
    for (const char *at = text; (at = strstr(at, "BEGIN")) != NULL; at += strlen("BEGIN")) {
        const char *from = dashes_before(text, at);
        if (from < at && *from == '-')
            mask_hide(w, (size_t)(from - text), (size_t)(pem_end(at) - text));
    }
    for (const char *at = text; (at = strstr(at, "-END ")) != NULL; at++) {
        const char *dashes = at;
        while (dashes > text && (dashes[-1] == '-' || dashes[-1] == ' '))
            dashes--;
        const char *from = dashes;
        while (from > text && of_token(from[-1]))
            from--;
        mask_hide(w, (size_t)(from - text), (size_t)(dashes - text));
    }
}

// How often the kind of character changes: often in base64, seldom in words.
struct shape {
    size_t len, changes;
    bool lower, upper, digit;
};

static struct shape shape_of(const char *run, size_t len)
{
    struct shape shape = {.len = len};
    int before = 0;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)run[i];
        const int kind = islower(c) ? 1 : isupper(c) ? 2 : isdigit(c) ? 3 : 4;
        shape.lower = shape.lower || kind == 1;
        shape.upper = shape.upper || kind == 2;
        shape.digit = shape.digit || kind == 3;
        shape.changes += i > 0 && kind != before;
        before = kind;
    }
    return shape;
}

static bool is_random(const char *run, size_t len)
{
    const struct shape shape = shape_of(run, len);
    if (len < RANDOM_LEAST || !shape.lower || !shape.upper)
        return false;
    return shape.digit ? shape.changes * 3 >= len : shape.changes * 2 >= len;
}

static bool is_long(const char *run, size_t len)
{
    size_t unbroken = 0;
    for (size_t i = 0; i < len; i++) {
        unbroken = strchr("-/", run[i]) != NULL ? 0 : unbroken + 1;
        if (unbroken >= LONG_RUN)
            return true;
    }
    return len >= LONG_PATH;
}

// In base64, `{"` begins a JWT, and a SEQUENCE a key.
static bool begins_as_secret(const char *run, size_t len)
{
    return (len > 3 && strncmp(run, "eyJ", 3) == 0) || (len > 6 && strncmp(run, "MII", 3) == 0);
}

static bool is_shown(const struct mask_work *w, const char *run, size_t len)
{
    return w->harmless != NULL && strlen(w->harmless) == len && memcmp(w->harmless, run, len) == 0;
}

static void hide_runs(struct mask_work *w)
{
    const struct mask_view *view = &w->view;
    for (size_t i = 0; i < view->len; i++) {
        const char *run = view->text + i;
        const size_t end = mask_run_end(view, i, of_base64), len = end - i;
        // The host in an account's email may be a digest.
        const bool host = i > 0 && view->text[i - 1] == '@';
        if (!is_shown(w, run, len) && (is_random(run, len) || (!host && is_long(run, len))))
            mask_hide(w, i, end + strspn(run + len, "="));
        i = end;
    }
}

static void hide_beginnings(struct mask_work *w)
{
    const struct mask_view *view = &w->view;
    for (size_t i = 0; i < view->len; i++) {
        const size_t end = mask_run_end(view, i, of_token);
        const bool first = i == 0 || !isalnum((unsigned char)view->text[i - 1]);
        if (first && begins_as_secret(view->text + i, end - i))
            mask_hide(w, i, end);
    }
}

// A word may follow "token:", and a secret is not a word.
static bool is_word(const char *text, size_t len)
{
    while (len > 0 && strchr("=.", text[len - 1]) != NULL)
        len--;
    for (size_t i = 0; i < len; i++) {
        if (!isalpha((unsigned char)text[i]) || (i > 0 && isupper((unsigned char)text[i])))
            return false;
    }
    return true;
}

// Hides the value that begins at p, after "=" or ":" or in quotes.
static void hide_value(struct mask_work *w, const char *p, bool certainly)
{
    const char *text = w->view.text;
    char quote = '\0';
    if (mask_is_quote(*p))
        quote = *p;
    while (mask_is_quote(*p))
        p++;
    const char end[] = {quote, '\0'};
    size_t len = quote != '\0' ? strcspn(p, quote == '\\' ? "\"" : end) : strcspn(p, " &,;)>]}\"'");
    while (len > 0 && p[len - 1] == '\\')
        len--;
    if (len > 0 && (certainly || quote != '\0' || !is_word(p, len)))
        mask_hide(w, (size_t)(p - text), (size_t)(p - text) + len);
}

static void hide_after_names(struct mask_work *w)
{
    static const char *const names[] = {"token",     "secret",        "password",    "passwd",  "pwd",
                                        "assertion", "private_key",   "privateKey",  "api_key", "apikey",
                                        "jwt",       "authorization", "credentials", "cookie"};
    const char *text = w->view.text;
    for (size_t i = 0; i < COUNT(names); i++) {
        for (const char *at = text; (at = strcasestr(at, names[i])) != NULL;) {
            at += strlen(names[i]);
            const char *p = at;
            while (*p == ' ' || mask_is_quote(*p))
                p++;
            if (*p != ':' && *p != '=')
                continue;
            const bool certainly = *p == '=';
            p += 1 + (p[1] == '>');
            while (*p == ' ')
                p++;
            hide_value(w, p, certainly);
        }
    }
}

// "Basic dXNlcjpwYXNz" (RFC 7617) and the like. A scheme may also be followed by "realm=…".
static void hide_after_schemes(struct mask_work *w)
{
    static const char *const schemes[] = {"Basic ", "Bearer ", "Negotiate ", "NTLM "};
    const struct mask_view *view = &w->view;
    for (size_t i = 0; i < COUNT(schemes); i++) {
        for (const char *at = view->text; (at = strcasestr(at, schemes[i])) != NULL;) {
            at += strlen(schemes[i]);
            const size_t begin = (size_t)(at - view->text), end = mask_run_end(view, begin, of_token);
            if (!is_word(at, end - begin))
                mask_hide(w, begin, end);
        }
    }
}

// Hides everything before the last "@" in a URL and in user:password@host.
static void hide_user_info(struct mask_work *w)
{
    const char *text = w->view.text;
    for (const char *p = text; *p != '\0';) {
        const size_t len = strcspn(p, " <>\"");
        const char *at = memrchr(p, '@', len), *slashes = strstr(p, "://");
        if (slashes != NULL && at != NULL && slashes < at)
            mask_hide(w, (size_t)(slashes + 3 - text), (size_t)(at - text));
        const char *colon = at == NULL ? NULL : memchr(p, ':', (size_t)(at - p));
        if (colon != NULL && (slashes == NULL || slashes >= at))
            mask_hide(w, (size_t)(colon + 1 - text), (size_t)(at - text));
        p += len + (p[len] != '\0');
    }
}

void mask_hide_patterns(struct mask_work *w)
{
    hide_pem(w);
    hide_runs(w);
    hide_beginnings(w);
    hide_after_names(w);
    hide_after_schemes(w);
    hide_user_info(w);
}
