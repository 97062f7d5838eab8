#include "oauth/jwt.h"

#include <errno.h>

#include "core/base64.h"
#include "core/json.h"

static void write_header(struct json_writer *w, const struct jwt_claims *c)
{
    json_open(w, JSON_OBJECT);
    member_text(w, "alg", "RS256"); // RFC 7518 section 3.3
    member_text(w, "kid", c->kid);
    member_text(w, "typ", "JWT"); // RFC 7519 section 5.1
    json_close(w, JSON_OBJECT);
}

static void write_claims(struct json_writer *w, const struct jwt_claims *c)
{
    json_open(w, JSON_OBJECT);
    member_text(w, "iss", c->issuer);
    member_text(w, "sub", c->subject);
    member_text(w, "aud", c->audience);
    json_name(w, "exp");
    json_integer(w, c->expires);
    if (c->not_before != 0) {
        json_name(w, "nbf");
        json_integer(w, c->not_before);
    }
    member_open(w, "scope", JSON_ARRAY);
    for (const char *at = c->scope; *at != '\0';) {
        const size_t len = strcspn(at, " ");
        if (len > 0)
            json_string(w, span_of(at, len));
        at += len + strspn(at + len, " ");
    }
    json_close(w, JSON_ARRAY);
    json_close(w, JSON_OBJECT);
}

// A character takes at most six in JSON ("\u0001"), and a scope needs two quotes and a comma.
static size_t json_room(const struct jwt_claims *c)
{
    enum { NAMES = 256 };
    const size_t texts =
        strlen(c->kid) + strlen(c->issuer) + strlen(c->subject) + strlen(c->audience) + strlen(c->scope);
    const size_t room = NAMES + 6 * texts;
    return room < ASSERTION_MAX ? room : ASSERTION_MAX;
}

size_t jwt_room(const struct jwt_claims *claims)
{
    enum { SIGNATURE = 1024 };
    const size_t room = BASE64URL_LENGTH(2 * json_room(claims)) + SIGNATURE;
    return room < ASSERTION_MAX ? room : ASSERTION_MAX;
}

typedef void write_part(struct json_writer *, const struct jwt_claims *);

// Nothing of it is a secret. A mapping of memory for each part would cost more time than all else of an assertion but
// the signature: only claims of an unusual size get one.
static bool append_part(write_part *part, const struct jwt_claims *claims, struct secret *out, struct ssa_error *err)
{
    enum { USUAL = 2048 };
    uint8_t room[USUAL + 1];
    struct secret usual = {.data = room, .capacity = USUAL};
    SECRET_AUTO large = {0};
    struct secret *json = json_room(claims) <= USUAL ? &usual : &large;
    struct json_writer w;
    if (json == &large && !secret_new(json, json_room(claims), err))
        return false;
    if (!json_begin(&w, json, false))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the assertion");
    part(&w, claims);
    return json_end(&w, err) && (base64url_append(out, secret_span(json)) ||
                                 error_set(err, SSA_USAGE, NULL, NULL, "the assertion is too long"));
}

bool jwt_signing_input(const struct jwt_claims *claims, struct secret *out, struct ssa_error *err)
{
    return append_part(write_header, claims, out, err) &&
           (secret_append_text(out, ".") || error_set(err, SSA_USAGE, NULL, NULL, "the assertion is too long")) &&
           append_part(write_claims, claims, out, err);
}

bool jwt_add_signature(struct secret *assertion, struct span signature, struct ssa_error *err)
{
    return (secret_append_text(assertion, ".") && base64url_append(assertion, signature)) ||
           error_set(err, SSA_USAGE, NULL, NULL, "the assertion is too long");
}

bool jwt_describe(const struct jwt_claims *claims, struct secret *out, struct ssa_error *err)
{
    struct json_writer w;
    if (!json_begin(&w, out, true))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the claims");
    json_open(&w, JSON_OBJECT);
    json_name(&w, "header");
    write_header(&w, claims);
    json_name(&w, "claims");
    write_claims(&w, claims);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err);
}
