#include "oauth/error_body.h"

#include <ctype.h>
#include <strings.h>

#include "core/json.h"
#include "core/secret.h"
#include "core/text.h"

// So many bytes of a body are read, and so many of a piece of it are kept.
enum { LOOKED_AT = 2560, PIECE_MAX = 512 };

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
    for (size_t i = 0; i < COUNT(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "";
}

// Members that hold a sentence about the error, and members that hold its short name. The best ones come first. The
// first few of each table occur only in errors, the others in any answer.
static const char *const sentences[] = {
    "developerMessage", "error_description", "fault.faultstring",
    "errors[].detail",  "errors[].message",  "error.message",
    "detail",           "detail:",           "message",
    "reason",
};
enum { SENTENCES_OF_ERRORS = 6 };
// In one published sample the member's name has a colon.
static const char *const names[] = {"errorCode", "error", "errors[].code", "error.code", "title", "title:"};
enum { NAMES_OF_ERRORS = 4 };

struct found {
    const struct mask *mask;
    char sentence[PIECE_MAX];
    char name[PIECE_MAX];
    size_t sentence_rank, name_rank; // index in the tables above; lower is better
};

static void take(const char *const *table, size_t count, const struct json_value *value, char piece[static PIECE_MAX],
                 size_t *rank, const struct mask *mask)
{
    for (size_t i = 0; i < count && i < *rank; i++) {
        if (strcmp(table[i], value->path) != 0)
            continue;
        mask_text(mask, value->text, piece, PIECE_MAX);
        *rank = piece[0] == '\0' ? *rank : i;
    }
}

static bool visit(void *context, const struct json_value *value, struct ssa_error *err)
{
    (void)err;
    struct found *f = context;
    if (value->type != JSON_STRING)
        return true;
    take(sentences, COUNT(sentences), value, f->sentence, &f->sentence_rank, f->mask);
    take(names, COUNT(names), value, f->name, &f->name_rank, f->mask);
    return true;
}

// The documented names of both endpoints, and OAuth's (RFC 6749 section 5.2).
static enum refusal_kind kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum refusal_kind kind;
    } kinds[] = {
        {"invalid_request", REFUSAL_REQUEST},
        {"invalid_scope", REFUSAL_REQUEST},
        {"unsupported_grant_type", REFUSAL_REQUEST},
        {"invalid_grant", REFUSAL_GRANT},
        {"invalid_credentials", REFUSAL_CREDENTIALS},
        {"invalid_client", REFUSAL_CLIENT},
        {"unauthorized_client", REFUSAL_CLIENT},
        {"unauthorized", REFUSAL_ACCESS},
        {"invalid_token", REFUSAL_ACCESS},
        {"limit_exceeded", REFUSAL_LIMIT},
        {"not_found", REFUSAL_NOT_FOUND},
        {"not found", REFUSAL_NOT_FOUND},
        {"not-found", REFUSAL_NOT_FOUND},
        {"server_error", REFUSAL_SERVER},
        {"temporarily_unavailable", REFUSAL_SERVER},
    };
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcasecmp(kinds[i].name, name) == 0)
            return kinds[i].kind;
    return REFUSAL_OTHER;
}

// invalid_request has many causes. This one has a remedy of its own.
static bool is_of_state(const char *sentence)
{
    static const char *const words[] = {"not enabled", "disabled", "deactivated", "not active", "inactive"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcasestr(sentence, words[i]) != NULL)
            return strcasestr(sentence, "already") == NULL;
    return false;
}

// So has this one.
static bool is_of_existing(const char *sentence)
{
    return strcasestr(sentence, "exist") != NULL && strcasestr(sentence, "not exist") == NULL;
}

static bool is_error(const struct found *f)
{
    const bool problem = f->sentence[0] != '\0' && f->name[0] != '\0';
    return f->sentence_rank < SENTENCES_OF_ERRORS || f->name_rank < NAMES_OF_ERRORS || problem;
}

static bool from_json(struct span body, const struct mask *mask, struct refusal *refusal,
                      char out[static 2 * PIECE_MAX])
{
    struct found f = {.mask = mask, .sentence_rank = SIZE_MAX, .name_rank = SIZE_MAX};
    // The part of a body before it was cut off still counts as text.
    struct ssa_error ignored;
    const bool whole = json_read(body, visit, &f, &ignored);
    refusal->is_error = is_error(&f);
    // Code depends on the kind, so the kind needs the whole body.
    refusal->kind = whole ? kind_of(f.name) : REFUSAL_OTHER;
    if (refusal->kind == REFUSAL_REQUEST && is_of_state(f.sentence))
        refusal->kind = REFUSAL_STATE;
    else if (refusal->kind == REFUSAL_REQUEST && is_of_existing(f.sentence))
        refusal->kind = REFUSAL_EXISTS;
    const bool both = f.sentence[0] != '\0' && f.name[0] != '\0';
    return text_format(out, (size_t)2 * PIECE_MAX, both ? "%s (%s)" : "%s%s", f.sentence, f.name) && out[0] != '\0';
}

// The text of the title, else all text without tags.
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
        // Words with only a tag between them must stay apart.
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

void error_body_read(struct span body, long status, const struct mask *mask, struct refusal *refusal)
{
    char text[LOOKED_AT + 1] = "", hidden[LOOKED_AT + 1];
    *refusal = (struct refusal){0};
    while (body.len > 0 && isspace(body.data[0]))
        body = span_of(body.data + 1, body.len - 1);
    const uint8_t first = body.len > 0 ? body.data[0] : 0;
    if (first == '<')
        from_html(body, text, sizeof text);
    else if (first != '{' || !from_json(body, mask, refusal, text))
        text_harmless(text, sizeof text, body);
    mask_text(mask, span_text(text), hidden, sizeof hidden);
    squeeze_white(hidden);
    const char *phrase = error_body_phrase(status);
    const char *said = hidden[0] != '\0' ? hidden : phrase[0] != '\0' ? phrase : "no reason given";
    text_harmless(refusal->said, sizeof refusal->said, span_text(said));
    secret_wipe(text, sizeof text);
    secret_wipe(hidden, sizeof hidden);
}
