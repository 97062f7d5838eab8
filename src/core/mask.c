// Hiding secrets in foreign text. The text is read as it stands and with its escapes undone; what a rule
// finds there is hidden where it stands.
#include "core/mask.h"

#include <ctype.h>
#include <stdint.h>
#include <strings.h>

#include "core/escape.h"
#include "core/secret.h"
#include "core/text.h"

enum {
    LOOKED_AT = 2048, // bytes
    PASSES = 3,       // escapes of escapes of escapes
    WINDOW = 8,       // so many bytes of a known secret are no chance
    PIECE_LEAST = 4,  // so many are none where a whole word is the secret's beginning or end
    RANDOM_LEAST = 10,
    LONG_RUN = 40, // of letters and digits: no word, however regular
    LONG_PATH = 60 // the same with dashes and slashes, as paths have them
};

// The text as one of the passes sees it; from[i] is where character i stands in the text as it is shown.
struct view {
    char text[LOOKED_AT + 1];
    uint16_t from[LOOKED_AT + 1];
    size_t len;
};

struct work {
    struct view view;
    const struct mask *mask;
    bool hidden[LOOKED_AT + 1]; // of the characters that are shown
};

void mask_add(struct mask *mask, struct span secret)
{
    if (secret.len > 0 && mask->count < MASK_SECRETS_MAX)
        mask->secrets[mask->count++] = secret;
}

static void hide(struct work *w, size_t begin, size_t end)
{
    const size_t last = end < w->view.len ? end : w->view.len;
    for (size_t i = w->view.from[begin]; begin < last && i < w->view.from[last]; i++)
        w->hidden[i] = true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\0';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`' || c == '\\';
}

static bool of_base64(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("-_+/", c) != NULL);
}

// RFC 6750's token characters, the dots of a JWT among them.
static bool of_token(char c)
{
    return of_base64(c) || c == '.' || c == '~' || c == '=';
}

static size_t run_end(const struct view *view, size_t at, bool (*of_run)(char c))
{
    while (at < view->len && of_run(view->text[at]))
        at++;
    return at;
}

// ---- Escapes ----

// Undoes one layer of escapes. False where there is none.
static bool unescape(struct view *view)
{
    bool some = false;
    size_t used = 0;
    for (size_t i = 0; i < view->len; used++) {
        char c;
        const size_t len = escape_read(view->text + i, &c);
        if (len == 0)
            c = view->text[i];
        view->from[used] = view->from[i];
        view->text[used] = c;
        some = some || len > 0;
        i += len > 0 ? len : 1;
    }
    view->from[used] = view->from[view->len];
    view->text[used] = '\0';
    view->len = used;
    return some;
}

// ---- Secrets that are known ----

static void hide_windows(struct work *w, struct span secret)
{
    const struct view *view = &w->view;
    const size_t window = secret.len < WINDOW ? secret.len : WINDOW;
    // Shorter ones would be found in words.
    if (window < 6)
        return;
    for (size_t i = 0; i + window <= view->len; i++) {
        if (memmem(secret.data, secret.len, view->text + i, window) != NULL)
            hide(w, i, i + window);
    }
}

static bool of_word(char c)
{
    return !is_blank(c) && !is_quote(c) && strchr(".,:;()<>[]{}", c) == NULL;
}

// A text that was cut ends with few characters of what it quotes.
static void hide_ends(struct work *w, struct span secret)
{
    const struct view *view = &w->view;
    for (size_t i = 0; i < view->len; i++) {
        const size_t end = run_end(view, i, of_word), len = end - i;
        if (len >= PIECE_LEAST && len <= secret.len && secret.len >= WINDOW &&
            (memcmp(view->text + i, secret.data, len) == 0 ||
             memcmp(view->text + i, secret.data + secret.len - len, len) == 0))
            hide(w, i, end);
        i = end;
    }
}

static void hide_known(struct work *w)
{
    for (size_t i = 0; w->mask != NULL && i < w->mask->count; i++) {
        hide_windows(w, w->mask->secrets[i]);
        hide_ends(w, w->mask->secrets[i]);
    }
}

// ---- What looks like one ----

static const char *dashes_before(const char *text, const char *at)
{
    while (at > text && (at[-1] == '-' || at[-1] == ' '))
        at--;
    return at + strspn(at, " ");
}

// Behind the line that ends a block, or the end of the text.
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

// A block, or what there is of it; where the beginning is missing, its last line.
static void hide_pem(struct work *w)
{
    const char *text = w->view.text;
    for (const char *at = text; (at = strstr(at, "BEGIN")) != NULL; at += strlen("BEGIN")) {
        const char *from = dashes_before(text, at);
        if (from < at && *from == '-')
            hide(w, (size_t)(from - text), (size_t)(pem_end(at) - text));
    }
    for (const char *at = text; (at = strstr(at, "-END ")) != NULL; at++) {
        const char *dashes = at;
        while (dashes > text && (dashes[-1] == '-' || dashes[-1] == ' '))
            dashes--;
        const char *from = dashes;
        while (from > text && of_token(from[-1]))
            from--;
        hide(w, (size_t)(from - text), (size_t)(dashes - text));
    }
}

// How often a letter, a digit and a sign stand beside one of another kind: much in base64, little in words.
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

// What base64 makes of `{"` begins a JWT, and of a SEQUENCE a key.
static bool begins_as_secret(const char *run, size_t len)
{
    return (len > 3 && strncmp(run, "eyJ", 3) == 0) || (len > 6 && strncmp(run, "MII", 3) == 0);
}

static bool is_shown(const struct work *w, const char *run, size_t len)
{
    const char *shown = w->mask == NULL ? NULL : w->mask->shown;
    return shown != NULL && strlen(shown) == len && memcmp(shown, run, len) == 0;
}

static void hide_runs(struct work *w)
{
    const struct view *view = &w->view;
    for (size_t i = 0; i < view->len; i++) {
        const char *run = view->text + i;
        const size_t end = run_end(view, i, of_base64), len = end - i;
        // An account's email may have a digest for its host.
        const bool host = i > 0 && view->text[i - 1] == '@';
        if (!is_shown(w, run, len) && (is_random(run, len) || (!host && is_long(run, len))))
            hide(w, i, end + strspn(run + len, "="));
        i = end;
    }
}

static void hide_beginnings(struct work *w)
{
    const struct view *view = &w->view;
    for (size_t i = 0; i < view->len; i++) {
        const size_t end = run_end(view, i, of_token);
        const bool first = i == 0 || !isalnum((unsigned char)view->text[i - 1]);
        if (first && begins_as_secret(view->text + i, end - i))
            hide(w, i, end);
    }
}

// A word may stand behind "token:", a secret is none.
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

// The value that begins at p, behind "=" or ":" or in quotes.
static void hide_value(struct work *w, const char *p, bool certainly)
{
    const char *text = w->view.text;
    char quote = '\0';
    if (is_quote(*p))
        quote = *p;
    while (is_quote(*p))
        p++;
    const char end[] = {quote, '\0'};
    size_t len = quote != '\0' ? strcspn(p, quote == '\\' ? "\"" : end) : strcspn(p, " &,;)>]}\"'");
    while (len > 0 && p[len - 1] == '\\')
        len--;
    if (len > 0 && (certainly || quote != '\0' || !is_word(p, len)))
        hide(w, (size_t)(p - text), (size_t)(p - text) + len);
}

static void hide_after_names(struct work *w)
{
    static const char *const names[] = {"token",     "secret",        "password",    "passwd",  "pwd",
                                        "assertion", "private_key",   "privateKey",  "api_key", "apikey",
                                        "jwt",       "authorization", "credentials", "cookie"};
    const char *text = w->view.text;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (const char *at = text; (at = strcasestr(at, names[i])) != NULL;) {
            at += strlen(names[i]);
            const char *p = at;
            while (*p == ' ' || is_quote(*p))
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

// "Basic dXNlcjpwYXNz" (RFC 7617) and the like; behind a scheme stands "realm=…" as well.
static void hide_after_schemes(struct work *w)
{
    static const char *const schemes[] = {"Basic ", "Bearer ", "Negotiate ", "NTLM "};
    const struct view *view = &w->view;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        for (const char *at = view->text; (at = strcasestr(at, schemes[i])) != NULL;) {
            at += strlen(schemes[i]);
            const size_t begin = (size_t)(at - view->text), end = run_end(view, begin, of_token);
            if (!is_word(at, end - begin))
                hide(w, begin, end);
        }
    }
}

// Of URL and of user:password@host: all before the last "@".
static void hide_user_info(struct work *w)
{
    const char *text = w->view.text;
    for (const char *p = text; *p != '\0';) {
        const size_t len = strcspn(p, " <>\"");
        const char *at = memrchr(p, '@', len), *slashes = strstr(p, "://");
        if (slashes != NULL && at != NULL && slashes < at)
            hide(w, (size_t)(slashes + 3 - text), (size_t)(at - text));
        const char *colon = at == NULL ? NULL : memchr(p, ':', (size_t)(at - p));
        if (colon != NULL && (slashes == NULL || slashes >= at))
            hide(w, (size_t)(colon + 1 - text), (size_t)(at - text));
        p += len + (p[len] != '\0');
    }
}

static void hide_all(struct work *w)
{
    hide_known(w);
    hide_pem(w);
    hide_runs(w);
    hide_beginnings(w);
    hide_after_names(w);
    hide_after_schemes(w);
    hide_user_info(w);
}

// ---- The whole ----

// What was cut in its middle may be a secret that no rule knows by half.
static void drop_half_word(struct view *view)
{
    const char *blank = strrchr(view->text, ' ');
    if (blank != NULL)
        view->len = (size_t)(blank - view->text);
    view->text[view->len] = '\0';
}

static void begin(struct work *w, const struct mask *mask, struct span text)
{
    struct view *view = &w->view;
    w->mask = mask;
    memset(w->hidden, 0, sizeof w->hidden);
    text_harmless(view->text, sizeof view->text, text);
    view->len = strlen(view->text);
    if (text.len > LOOKED_AT)
        drop_half_word(view);
    for (size_t i = 0; i <= view->len; i++)
        view->from[i] = (uint16_t)i;
}

// Copies what is not hidden. Hidden pieces that only blanks part are one.
static void write_shown(const char *text, const bool *hidden, char *out, size_t capacity)
{
    // A single hidden character grows to three.
    char whole[2 * LOOKED_AT + 4];
    size_t used = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (!hidden[i]) {
            whole[used++] = text[i];
            continue;
        }
        size_t blanks = 0;
        while (blanks < used && whole[used - blanks - 1] == ' ')
            blanks++;
        if (used - blanks >= 3 && memcmp(whole + used - blanks - 3, "***", 3) == 0) {
            used -= blanks;
            continue;
        }
        memcpy(whole + used, "***", 3);
        used += 3;
    }
    text_harmless(out, capacity, span_of(whole, used));
    wipe(whole, sizeof whole);
}

void mask_text(const struct mask *mask, struct span text, char *out, size_t capacity)
{
    struct work w;
    char shown[LOOKED_AT + 1];
    begin(&w, mask, text);
    memcpy(shown, w.view.text, sizeof shown);
    for (int pass = 0; pass < PASSES; pass++) {
        hide_all(&w);
        if (!unescape(&w.view))
            break;
    }
    write_shown(shown, w.hidden, out, capacity);
    wipe(shown, sizeof shown);
    wipe(&w, sizeof w);
}
