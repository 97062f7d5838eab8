// Reading a grant: the answer with an access token.
#include "oauth/grant.h"

#include "core/text.h"
#include "oauth/answer_text.h"
#include "oauth/oauth.h"

struct grant_reading {
    struct secret *token;
    bool seen;
};

// RFC 6750 section 2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=". Other characters could add a line
// to a header.
static bool is_b64token(struct span text)
{
    static const char allowed[] = TEXT_ALPHANUMERIC "-._~+/";
    size_t len = text.len;
    while (len > 0 && text.data[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++)
        if (memchr(allowed, text.data[i], sizeof allowed - 1) == NULL)
            return false;
    return len > 0;
}

static bool read_grant(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct grant_reading *r = context;
    if (strcmp(value->path, "token_type") == 0) {
        // RFC 6749 section 7.1: not to be used when its type is not understood.
        char type[32] = "";
        return answer_text(value, type, sizeof type, err) &&
               (strcasecmp(type, "Bearer") == 0 || answer_wrong(err, value->path, "is not Bearer"));
    }
    if (strcmp(value->path, "access_token") != 0)
        return answer_root(value, err);
    if (value->type != JSON_STRING || r->seen)
        return answer_wrong(err, value->path, "is not a single string");
    if (!is_b64token(value->text))
        return answer_wrong(err, value->path, "is empty or contains characters that are not allowed");
    r->seen = true;
    return r->token == NULL || secret_append(r->token, value->text) || answer_wrong(err, value->path, "is too long");
}

bool grant_check(struct span body, struct secret *token, struct ssa_error *err)
{
    struct grant_reading r = {.token = token};
    bool ok = answer_read(body, read_grant, &r, err);
    if (ok && !r.seen)
        ok = answer_lacks(err, "access_token");
    if (!ok && token != NULL)
        secret_clear(token);
    return ok;
}

bool grant_access_token(struct span answer, struct secret *token, struct ssa_error *err)
{
    struct ssa_error why;
    return grant_check(answer, token, &why) ||
           error_set(err, SSA_NETWORK, NULL, NULL, "the answer holds no usable access token: %s", why.what);
}

// RFC 6749 section 5.1: expires_in is a number of seconds, and recommended only. One without a use counts as missing.
static long long read_lifetime(const struct json_value *value)
{
    enum { DIGITS_MAX = 9 };
    long long seconds = 0;
    if ((value->type != JSON_NUMBER && value->type != JSON_STRING) || value->text.len > DIGITS_MAX)
        return 0;
    for (size_t i = 0; i < value->text.len; i++) {
        if (value->text.data[i] < '0' || value->text.data[i] > '9')
            return 0;
        seconds = seconds * 10 + (value->text.data[i] - '0');
    }
    return seconds;
}

static bool read_term(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct grant_terms *terms = context;
    (void)err;
    if (strcmp(value->path, "expires_in") == 0) {
        terms->lifetime = read_lifetime(value);
        terms->says_lifetime = true;
    }
    if (strcmp(value->path, "scope") == 0 && value->type == JSON_STRING)
        text_harmless(terms->scope, sizeof terms->scope, value->text);
    return true;
}

bool grant_read_terms(struct span answer, struct grant_terms *terms, struct ssa_error *err)
{
    *terms = (struct grant_terms){0};
    return answer_read(answer, read_term, terms, err);
}

// Where its value begins in an indented answer, of which each member is a line. NULL for no (further) one. No text has
// a line break, and those of inner objects are indented more.
static const uint8_t *value_of_lifetime(struct span indented)
{
    static const char name[] = "\n  \"expires_in\": ";
    const uint8_t *found = memmem(indented.data, indented.len, name, sizeof name - 1);
    return found == NULL ? NULL : found + sizeof name - 1;
}

static size_t length_to(const uint8_t *from, const uint8_t *to)
{
    return (size_t)(to - from);
}

bool grant_count_down(struct span indented, long long seconds, struct secret *out)
{
    char number[24];
    const uint8_t *end = indented.data + indented.len, *value;
    if (!text_format(number, sizeof number, "%lld", seconds))
        return false;
    while ((value = value_of_lifetime(indented)) != NULL) {
        const uint8_t *line_end = memchr(value, '\n', length_to(value, end));
        if (line_end == NULL)
            break;
        const uint8_t *rest = line_end[-1] == ',' ? line_end - 1 : line_end;
        if (!secret_append(out, span_of(indented.data, length_to(indented.data, value))) ||
            !secret_append_text(out, number))
            return false;
        indented = span_of(rest, length_to(rest, end));
    }
    return secret_append(out, indented);
}
