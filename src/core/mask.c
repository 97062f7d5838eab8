// The text is read as it is, and again with its escapes undone. What a rule finds is hidden in the text that is shown.
#include "core/mask.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "core/mask_pattern.h"
#include "core/secret.h"
#include "core/text.h"

enum {
    PASSES = 3,     // escapes may be escaped twice more
    WINDOW = 8,     // so many bytes of a known secret cannot be there by accident
    PIECE_LEAST = 4 // the same for a whole word that begins or ends the secret
};

void mask_add(struct mask *mask, struct span secret)
{
    if (secret.len > 0 && mask->count < MASK_SECRETS_MAX)
        mask->secrets[mask->count++] = secret;
}

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
    for (size_t i = 0; i < COUNT(names); i++) {
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

// The length of the escape that begins at p: "%41" (RFC 3986), "\u0041" and "\n" (JSON), "&#65;" and "&amp;" (HTML). 0
// where none begins. *c becomes the character, or a blank if that is not visible ASCII.
static size_t escape_read(const char *p, char *c)
{
    unsigned long value = 0;
    const size_t len = any_escape(p, &value);
    *c = ' ';
    if (value > 0x20 && value < 0x7f)
        *c = (char)value;
    return len;
}

// Undoes one layer of escapes. Returns false if there is none.
static bool unescape(struct mask_view *view)
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

static void hide_windows(struct mask_work *w, struct span secret)
{
    const struct mask_view *view = &w->view;
    const size_t window = secret.len < WINDOW ? secret.len : WINDOW;
    // Shorter ones occur in words.
    if (window < 6)
        return;
    for (size_t i = 0; i + window <= view->len; i++) {
        if (memmem(secret.data, secret.len, view->text + i, window) != NULL)
            mask_hide(w, i, i + window);
    }
}

static bool of_word(char c)
{
    return c != ' ' && c != '\0' && !mask_is_quote(c) && strchr(".,:;()<>[]{}", c) == NULL;
}

// A text that was cut may end with a few characters of the secret.
static void hide_ends(struct mask_work *w, struct span secret)
{
    const struct mask_view *view = &w->view;
    for (size_t i = 0; i < view->len; i++) {
        const size_t end = mask_run_end(view, i, of_word), len = end - i;
        if (len >= PIECE_LEAST && len <= secret.len && secret.len >= WINDOW &&
            (memcmp(view->text + i, secret.data, len) == 0 ||
             memcmp(view->text + i, secret.data + secret.len - len, len) == 0))
            mask_hide(w, i, end);
        i = end;
    }
}

static void hide_known(struct mask_work *w, const struct mask *mask)
{
    for (size_t i = 0; mask != NULL && i < mask->count; i++) {
        hide_windows(w, mask->secrets[i]);
        hide_ends(w, mask->secrets[i]);
    }
}

// A word that was cut in its middle may be a secret that no rule recognises.
static void drop_half_word(struct mask_view *view)
{
    const char *blank = strrchr(view->text, ' ');
    if (blank != NULL)
        view->len = (size_t)(blank - view->text);
    view->text[view->len] = '\0';
}

static void begin(struct mask_work *w, const struct mask *mask, struct span text)
{
    struct mask_view *view = &w->view;
    w->harmless = mask == NULL ? NULL : mask->shown;
    text_harmless(view->text, sizeof view->text, text);
    view->len = strlen(view->text);
    if (text.len > MASK_LOOKED_AT)
        drop_half_word(view);
    for (size_t i = 0; i <= view->len; i++)
        view->from[i] = (uint16_t)i;
    memcpy(w->shown, view->text, sizeof w->shown);
}

// Hidden pieces with only blanks between them become one.
static struct span mask_hidden(struct mask_work *w)
{
    char *masked = w->masked;
    size_t used = 0;
    for (size_t i = 0; w->shown[i] != '\0'; i++) {
        if (!w->hidden[i]) {
            masked[used++] = w->shown[i];
            continue;
        }
        size_t blanks = 0;
        while (blanks < used && masked[used - blanks - 1] == ' ')
            blanks++;
        if (used - blanks >= 3 && memcmp(masked + used - blanks - 3, "***", 3) == 0) {
            used -= blanks;
            continue;
        }
        memcpy(masked + used, "***", 3);
        used += 3;
    }
    return span_of(masked, used);
}

void mask_text(const struct mask *mask, struct span text, char *out, size_t capacity)
{
    struct mask_work *w = calloc(1, sizeof *w);
    if (w == NULL) {
        text_harmless(out, capacity, span_text("***"));
        return;
    }
    begin(w, mask, text);
    for (int pass = 0; pass < PASSES; pass++) {
        hide_known(w, mask);
        mask_hide_patterns(w);
        if (!unescape(&w->view))
            break;
    }
    text_harmless(out, capacity, mask_hidden(w));
    secret_wipe(w, sizeof *w);
    free(w);
}
