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
    if (strcmp(value->path, "expires_in") == 0)
        terms->lifetime = read_lifetime(value);
    if (strcmp(value->path, "scope") == 0 && value->type == JSON_STRING)
        text_harmless(terms->scope, sizeof terms->scope, value->text);
    return true;
}

bool grant_read_terms(struct span answer, struct grant_terms *terms, struct ssa_error *err)
{
    *terms = (struct grant_terms){0};
    return answer_read(answer, read_term, terms, err);
}
