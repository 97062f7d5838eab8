#include "agent/callers/credentials.h"

#include <strings.h>

#include "core/base64.h"
#include "core/text.h"

enum { FIELD_MAX = 2048, FIELDS_MAX = 32 };

void credentials_free(struct credentials *credentials)
{
    secret_free(&credentials->client_secret);
}

// Appends a name or value of a form without its escapes. False where an escape is broken, or it is not text.
static bool decode(struct span in, struct secret *out)
{
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.data[i] == '+' ? ' ' : in.data[i];
        if (c == '%') {
            const int high = i + 2 < in.len ? text_hex_digit((char)in.data[i + 1]) : -1;
            const int low = i + 2 < in.len ? text_hex_digit((char)in.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (c < ' ' || c == 0x7f || !secret_append(out, span_of(&c, 1)))
            return false;
    }
    return true;
}

static bool take_text(char *out, size_t room, const struct secret *value)
{
    return out[0] == '\0' && text_format(out, room, "%s", secret_text(value));
}

// Takes a field that has a meaning here. False where it is given twice or is too long.
static bool take(struct credentials *c, const char *name, const struct secret *value)
{
    if (strcmp(name, "grant_type") == 0)
        return take_text(c->grant_type, sizeof c->grant_type, value);
    if (strcmp(name, "client_id") == 0)
        return take_text(c->client_id, sizeof c->client_id, value);
    if (strcmp(name, "scope") == 0)
        return take_text(c->scope, sizeof c->scope, value);
    if (strcmp(name, "client_secret") == 0)
        return c->client_secret.len == 0 && secret_append(&c->client_secret, secret_span(value));
    return true;
}

// Splits at the first `at`. The second part is empty where there is none.
static struct span split(struct span text, char at, struct span *rest)
{
    const uint8_t *found = text.len > 0 ? memchr(text.data, at, text.len) : NULL;
    const size_t len = found != NULL ? (size_t)(found - text.data) : text.len;
    *rest = found != NULL ? span_of(found + 1, text.len - len - 1) : span_of(NULL, 0);
    return span_of(text.data, len);
}

static bool read_form(struct span form, struct credentials *c, struct ssa_error *err)
{
    SECRET_AUTO name = {0};
    SECRET_AUTO value = {0};
    if (!secret_new(&name, FIELD_MAX, err) || !secret_new(&value, FIELD_MAX, err))
        return false;
    for (size_t fields = 0; form.len > 0; fields++) {
        struct span rest, text;
        const struct span field = split(form, '&', &rest);
        const struct span key = split(field, '=', &text);
        form = rest;
        secret_clear(&name);
        secret_clear(&value);
        if (fields == FIELDS_MAX || !decode(key, &name) || !decode(text, &value))
            return error_set(err, SSA_USAGE, NULL, NULL, "the body is not a form, or is too long");
        if (!take(c, secret_text(&name), &value))
            return error_set(err, SSA_USAGE, NULL, NULL, "%s is given twice, or is too long", secret_text(&name));
    }
    return true;
}

static bool read_header(const char *header, struct credentials *c, struct ssa_error *err)
{
    static const char basic[] = "Basic ";
    SECRET_AUTO text = {0};
    struct span secret;
    if (strncasecmp(header, basic, sizeof basic - 1) != 0)
        return error_set(err, SSA_USAGE, NULL, NULL, "the Authorization header is not of the kind Basic");
    header += sizeof basic - 1;
    header += strspn(header, " ");
    if (!secret_new(&text, FIELD_MAX, err))
        return false;
    if (!secret_append_text(&text, header) || !base64_decode(&text) || memchr(text.data, '\0', text.len) != NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "the Authorization header is not base64 of an id and a secret");
    const struct span id = split(secret_span(&text), ':', &secret);
    if (c->client_id[0] != '\0' || c->client_secret.len > 0)
        return error_set(err, SSA_USAGE, NULL, NULL, "the credentials are given twice, in the header and in the form");
    return (text_format(c->client_id, sizeof c->client_id, "%.*s", SPAN_PRINTF(id)) &&
            secret_append(&c->client_secret, secret)) ||
           error_set(err, SSA_USAGE, NULL, NULL, "the credentials are too long");
}

bool credentials_read(struct span form, const char *authorization, struct credentials *c, struct ssa_error *err)
{
    *c = (struct credentials){0};
    if (form.len > FORM_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "the body is longer than %d bytes", FORM_MAX);
    if (secret_new(&c->client_secret, CALLER_SECRET_MAX, err) && read_form(form, c, err) &&
        (authorization == NULL || read_header(authorization, c, err)))
        return true;
    credentials_free(c);
    return false;
}
