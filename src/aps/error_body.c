// What a server says of its refusal: JSON of several makes, HTML of a gateway, text, or nothing.
#include "aps/error_body.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "core/text.h"

// More of a body than this is not looked at.
enum { LOOKED_AT = 4096, PIECE_MAX = 512, HIDDEN_RUN = 60 };

static const struct {
    long status;
    const char *phrase;
} phrases[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

const char *error_body_phrase(long status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "";
}

// Members that hold the sentence, the best first, and those that hold a short name for it.
static const char *const sentences[] = {
    "developerMessage", "error_description", "detail",        "message", "fault.faultstring",
    "errors[].detail",  "errors[].message",  "error.message", "reason",
};
static const char *const names[] = {"errorCode", "error", "title", "errors[].code", "error.code"};

struct found {
    const char *secret;
    char sentence[PIECE_MAX];
    char name[PIECE_MAX];
    size_t sentence_rank, name_rank; // index in the tables above; lower is better
};

static bool of_base64(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("-_+/=~", c) != NULL);
}

// Puts "***" for every run that is long enough to be part of a JWT, a token or a PEM.
static void hide_runs(char *text)
{
    size_t used = 0;
    for (const char *p = text; *p != '\0';) {
        size_t run = 0;
        while (of_base64(p[run]))
            run++;
        if (run >= HIDDEN_RUN) {
            memcpy(text + used, "***", 3);
            used += 3;
            p += run;
            continue;
        }
        const size_t step = run == 0 ? 1 : run;
        memmove(text + used, p, step);
        used += step;
        p += step;
    }
    text[used] = '\0';
}

static void hide_secret(char *text, const char *secret)
{
    // Shorter ones would be found in words.
    enum { SECRET_LEAST = 6 };
    const size_t len = secret == NULL ? 0 : strlen(secret), text_len = strlen(text);
    if (len < SECRET_LEAST)
        return;
    for (char *at = strstr(text, secret); at != NULL; at = strstr(at + len, secret))
        memset(at, '*', len);
    // The text may have been cut in the middle of it.
    for (size_t part = len - 1; part >= SECRET_LEAST; part--) {
        if (part <= text_len && memcmp(text + text_len - part, secret, part) == 0)
            memset(text + text_len - part, '*', part);
    }
}

static void hide(char *text, const char *secret)
{
    hide_secret(text, secret);
    hide_runs(text);
}

static void take(const char *const *table, size_t count, const struct json_value *value,
                 char piece[static PIECE_MAX], size_t *rank, const char *secret)
{
    for (size_t i = 0; i < count && i < *rank; i++) {
        if (strcmp(table[i], value->path) != 0)
            continue;
        text_harmless(piece, PIECE_MAX, value->text);
        hide(piece, secret);
        *rank = piece[0] == '\0' ? *rank : i;
    }
}

static bool visit(void *context, const struct json_value *value, struct ssa_error *err)
{
    (void)err;
    struct found *f = context;
    if (value->type != JSON_STRING)
        return true;
    take(sentences, sizeof sentences / sizeof sentences[0], value, f->sentence, &f->sentence_rank, f->secret);
    take(names, sizeof names / sizeof names[0], value, f->name, &f->name_rank, f->secret);
    return true;
}

static bool from_json(struct span body, const char *secret, char out[static 2 * PIECE_MAX])
{
    struct found f = {.secret = secret, .sentence_rank = SIZE_MAX, .name_rank = SIZE_MAX};
    // A body that was cut off still told what came before.
    struct ssa_error ignored;
    const bool whole = json_read(body, visit, &f, &ignored);
    (void)whole;
    if (f.sentence[0] != '\0' && f.name[0] != '\0')
        return text_format(out, (size_t)2 * PIECE_MAX, "%s (%s)", f.sentence, f.name);
    return text_format(out, (size_t)2 * PIECE_MAX, "%s%s", f.sentence, f.name) && out[0] != '\0';
}

// The text of HTML: that of its title, or else all of it without tags.
static void from_html(struct span body, char *out, size_t capacity)
{
    char html[LOOKED_AT + 1];
    text_harmless(html, sizeof html, body);
    const char *from = strcasestr(html, "<title");
    from = from == NULL ? NULL : strchr(from, '>');
    const char *end = from == NULL ? NULL : strcasestr(from, "</title");
    if (end == NULL || end == from + 1) {
        from = html;
        end = html + strlen(html);
    } else {
        from++;
    }
    size_t used = 0;
    bool tag = false;
    for (; from < end && used + 1 < capacity; from++) {
        if (*from == '<' || *from == '>')
            tag = *from == '<';
        if (!tag)
            out[used++] = *from;
        // Words that only a tag parted are not to grow together.
        if (!tag && *from == '>')
            out[used - 1] = ' ';
    }
    out[used] = '\0';
}

static void squeeze_white(char *text)
{
    size_t used = 0;
    for (const char *p = text; *p != '\0'; p++) {
        const bool white = *p == ' ';
        if (!white || (used > 0 && text[used - 1] != ' '))
            text[used++] = *p;
    }
    while (used > 0 && text[used - 1] == ' ')
        used--;
    text[used] = '\0';
}

void error_body_text(struct span body, long status, const char *secret, char out[static ERROR_BODY_MAX])
{
    char text[LOOKED_AT + 1] = "";
    while (body.len > 0 && isspace(body.data[0]))
        body = span_of(body.data + 1, body.len - 1);
    const uint8_t first = body.len > 0 ? body.data[0] : 0;
    if (first == '<')
        from_html(body, text, sizeof text);
    else if (first != '{' || !from_json(body, secret, text))
        text_harmless(text, sizeof text, body);
    hide(text, secret);
    squeeze_white(text);
    if (text[0] == '\0')
        (void)text_format(text, sizeof text, "%s", error_body_phrase(status));
    text_harmless(out, ERROR_BODY_MAX, span_text(text[0] == '\0' ? "no reason given" : text));
    wipe(text, sizeof text);
}
