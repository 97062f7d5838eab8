// The assertion: the exact bytes that are signed.
#include "core/unit.h"

#include <openssl/evp.h>
#include <string.h>

#include "oauth/jwt.h"

static const struct jwt_claims ordinary = {
    .kid = "k-1",
    .issuer = "client",
    .subject = "account",
    .audience = "https://developer.api.autodesk.com/authentication/v2/token",
    .scope = "data:read data:write",
    .expires = 1706152384,
};

#define HEADER "{\"alg\":\"RS256\",\"kid\":\"k-1\",\"typ\":\"JWT\"}"
#define CLAIMS_UP_TO_SCOPE                                                                                             \
    "{\"iss\":\"client\",\"sub\":\"account\",\"aud\":\"https://developer.api.autodesk.com/authentication/"             \
    "v2/token\","                                                                                                      \
    "\"exp\":1706152384,"

// Decodes one base64url part with OpenSSL.
static void decode(struct span part, char *out, size_t capacity)
{
    char text[8192];
    assert_true(part.len + 4 < sizeof text);
    assert_true(part.len / 4 * 3 + 4 < capacity);
    size_t len = 0, padding = 0;
    for (; len < part.len; len++)
        text[len] = (char)(part.data[len] == '-' ? '+' : part.data[len] == '_' ? '/' : part.data[len]);
    for (; len % 4 != 0; padding++)
        text[len++] = '=';
    const int got = EVP_DecodeBlock((unsigned char *)out, (unsigned char *)text, (int)len);
    assert_true(got >= 0);
    out[(size_t)got - padding] = '\0';
}

static void signing_input_is(const struct jwt_claims *claims, const char *header, const char *body)
{
    char decoded[8192];
    struct ssa_error err;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, ASSERTION_MAX, &err));
    SUCCEEDS(jwt_signing_input(claims, &out, &err));
    const uint8_t *dot = memchr(out.data, '.', out.len);
    assert_non_null(dot);
    const size_t first = (size_t)(dot - out.data);
    assert_null(memchr(dot + 1, '.', out.len - first - 1));
    decode(span_of(out.data, first), decoded, sizeof decoded);
    assert_string_equal(decoded, header);
    decode(span_of(dot + 1, out.len - first - 1), decoded, sizeof decoded);
    assert_string_equal(decoded, body);
}

static void header_and_claims_are_these_bytes(void **state)
{
    (void)state;
    signing_input_is(&ordinary, HEADER, CLAIMS_UP_TO_SCOPE "\"scope\":[\"data:read\",\"data:write\"]}");
}

static void not_before_stands_there_when_asked_for(void **state)
{
    (void)state;
    struct jwt_claims claims = ordinary;
    claims.not_before = 1706152084;
    signing_input_is(&claims, HEADER,
                     CLAIMS_UP_TO_SCOPE "\"nbf\":1706152084,\"scope\":[\"data:read\",\"data:write\"]}");
}

static void scopes_are_an_array_of_names(void **state)
{
    (void)state;
    struct jwt_claims claims = ordinary;
    claims.scope = "data:read";
    signing_input_is(&claims, HEADER, CLAIMS_UP_TO_SCOPE "\"scope\":[\"data:read\"]}");
    claims.scope = "  a   b ";
    signing_input_is(&claims, HEADER, CLAIMS_UP_TO_SCOPE "\"scope\":[\"a\",\"b\"]}");
    claims.scope = "";
    signing_input_is(&claims, HEADER, CLAIMS_UP_TO_SCOPE "\"scope\":[]}");
}

static void odd_ids_are_escaped(void **state)
{
    (void)state;
    struct jwt_claims claims = ordinary;
    claims.kid = "a\"b\\c\n/\xc3\xa4";
    signing_input_is(&claims, "{\"alg\":\"RS256\",\"kid\":\"a\\\"b\\\\c\\n/\xc3\xa4\",\"typ\":\"JWT\"}",
                     CLAIMS_UP_TO_SCOPE "\"scope\":[\"data:read\",\"data:write\"]}");
}

static void the_signature_stands_behind_the_second_dot(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO out = {0};
    unit_secret(&out, 100, span_text("aGVhZGVy.Y2xhaW1z"));
    SUCCEEDS(jwt_add_signature(&out, span_of("\xfb\xff\xfe\x00", 4), &err));
    assert_string_equal(secret_text(&out), "aGVhZGVy.Y2xhaW1z.-__-AA");
}

static void an_assertion_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct ssa_error err;
    static char scope[ASSERTION_MAX + 100];
    uint8_t signature[512] = {0};
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, 200, &err));
    FAILS(jwt_signing_input(&ordinary, &out, &err), SSA_USAGE, "too long");
    secret_clear(&out);
    FAILS(jwt_add_signature(&out, span_of(signature, sizeof signature), &err), SSA_USAGE, "too long");
    memset(scope, 'x', sizeof scope - 1);
    struct jwt_claims claims = ordinary;
    claims.scope = scope;
    SECRET_AUTO large = {0};
    SUCCEEDS(secret_new(&large, 4UL * ASSERTION_MAX, &err));
    FAILS(jwt_signing_input(&claims, &large, &err), SSA_UNEXPECTED, "does not fit");
}

static void what_is_no_utf8_is_not_signed(void **state)
{
    (void)state;
    struct ssa_error err;
    struct jwt_claims claims = ordinary;
    claims.subject = "\xff";
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, ASSERTION_MAX, &err));
    FAILS(jwt_signing_input(&claims, &out, &err), SSA_UNEXPECTED, "UTF-8");
}

static void a_person_can_read_it(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, ASSERTION_MAX, &err));
    SUCCEEDS(jwt_describe(&ordinary, &out, &err));
    assert_string_equal(secret_text(&out),
                        "{\n"
                        "  \"header\": {\n"
                        "    \"alg\": \"RS256\",\n"
                        "    \"kid\": \"k-1\",\n"
                        "    \"typ\": \"JWT\"\n"
                        "  },\n"
                        "  \"claims\": {\n"
                        "    \"iss\": \"client\",\n"
                        "    \"sub\": \"account\",\n"
                        "    \"aud\": \"https://developer.api.autodesk.com/authentication/v2/token\",\n"
                        "    \"exp\": 1706152384,\n"
                        "    \"scope\": [\n"
                        "      \"data:read\",\n"
                        "      \"data:write\"\n"
                        "    ]\n"
                        "  }\n"
                        "}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_claims_are_these_bytes),
        cmocka_unit_test(not_before_stands_there_when_asked_for),
        cmocka_unit_test(scopes_are_an_array_of_names),
        cmocka_unit_test(odd_ids_are_escaped),
        cmocka_unit_test(the_signature_stands_behind_the_second_dot),
        cmocka_unit_test(an_assertion_that_does_not_fit_is_an_error),
        cmocka_unit_test(what_is_no_utf8_is_not_signed),
        cmocka_unit_test(a_person_can_read_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
