// A refusal is told in the server's own words, whatever it wraps them in, and never with a secret among them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka's header needs the four above.
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "oauth/error_body.h"

static void says_with(const char *body, long status, const char *secret, const char *expected)
{
    struct refusal refusal;
    struct mask mask = {0};
    if (secret != NULL)
        mask_add(&mask, span_text(secret));
    error_body_read(span_text(body), status, &mask, &refusal);
    assert_string_equal(refusal.said, expected);
}

static void says(const char *body, long status, const char *expected)
{
    says_with(body, status, NULL, expected);
}

static void json_of_every_make_is_understood(void **state)
{
    (void)state;
    says("{\"developerMessage\":\"Quota limit exceeded.\",\"errorCode\":\"AUTH-001\",\"more "
         "info\":\"https://x\"}",
         429, "Quota limit exceeded. (AUTH-001)");
    says("{\"error\":\"invalid_grant\",\"error_description\":\"exp is too far ahead\"}", 400,
         "exp is too far ahead (invalid_grant)");
    says("{\"title\":\"Forbidden\",\"detail\":\"three keys already\"}", 403, "three keys already (Forbidden)");
    says("{\"error\":\"invalid_client\"}", 401, "invalid_client");
    says("{\"error\":{\"code\":\"42\",\"message\":\"nested\"}}", 400, "nested (42)");
    says("{\"fault\":{\"faultstring\":\"Invalid ApiKey\"}}", 401, "Invalid ApiKey");
    says("{\"developerMessage\":\"said twice\",\"developerMessage\":\"again\"}", 400, "said twice");
    says(" \n{\"detail\":\"after white space\"}", 400, "after white space");
}

static void what_came_before_a_cut_is_still_told(void **state)
{
    (void)state;
    says("{\"developerMessage\":\"half an answer\",\"more in", 500, "half an answer");
    says("{\"error\"", 500, "{\"error\"");
}

static void html_gives_its_title_or_its_text(void **state)
{
    (void)state;
    says("<html><head><TITLE>503 Service\n Unavailable</TITLE></head><body>nginx</body></html>", 503,
         "503 Service Unavailable");
    says("<html><body><h1>Bad</h1><p>Gateway</p></body></html>", 502, "Bad Gateway");
    says("<html><title></title><body>text</body>", 502, "text");
    says("<<<<", 502, "Bad Gateway");
    says("<html><title>cut of", 502, "cut of");
}

static void plain_text_is_taken_as_it_is(void **state)
{
    (void)state;
    says("upstream connect error\n", 503, "upstream connect error");
    says("[\"no object\"]", 400, "[\"no object\"]");
}

static void nothing_gives_the_status_phrase(void **state)
{
    (void)state;
    says("", 403, "Forbidden");
    says("{}", 403, "{}");
    says("", 599, "no reason given");
}

static void a_terminal_cannot_be_steered(void **state)
{
    (void)state;
    says("{\"detail\":\"red \\u001b[31m\\u0007 alert\"}", 400, "red ?[31m? alert");
    says("\x1b]0;title\x07\xff", 400, "?]0;title??");
}

static void it_is_short(void **state)
{
    (void)state;
    char body[3000];
    struct refusal refusal;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = i % 7 == 0 ? ' ' : 'a';
    error_body_read(span_of(body, sizeof body), 400, NULL, &refusal);
    assert_int_equal(strlen(refusal.said), ERROR_BODY_MAX - 1);
}

static void secrets_that_the_server_echoes_are_hidden(void **state)
{
    (void)state;
    says_with("{\"detail\":\"bad secret hunter2hunter2!\"}", 401, "hunter2hunter2", "bad secret ***!");
    says_with("secret abc stays, it is too short to tell", 401, "abc", "secret abc stays, it is too short to tell");
    says("{\"detail\":\"assertion "
         "eyJhbGciOiJSUzI1NiIsImtpZCI6ImFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6IiwidHlwIjoiSldUIn0."
         "eyJpc3MiOiJhIiwic3ViIjoiYiIsImF1ZCI6Imh0dHBzOi8vZXhhbXBsZS5jb20iLCJleHAiOjE3MDAwMDAwMDB9 is bad\"}",
         400, "assertion *** is bad");
    says("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDPXm1FmN6Jk2aX\n", 400, "***");
    says("an-account@0123456789012345678901234567890123456789012345.adskserviceaccount.autodesk.com", 400,
         "an-account@0123456789012345678901234567890123456789012345.adskserviceaccount.autodesk.com");
}

static void a_secret_at_the_cut_is_hidden(void **state)
{
    (void)state;
    // The line is cut behind 200 characters, before which the secret begins.
    for (size_t before = 1; before < 16; before++) {
        char body[400] = "";
        struct refusal refusal;
        struct mask mask = {0};
        mask_add(&mask, span_text("hunter2hunter2"));
        for (size_t i = 0; i < 200 - before; i++)
            body[i] = i % 5 == 0 ? ' ' : '.';
        memcpy(body + 200 - before, "hunter2hunter2 and so on", 25);
        error_body_read(span_text(body), 400, &mask, &refusal);
        assert_null(strstr(refusal.said, "h"));
    }
}

static void the_reason_is_told(const char *body, enum refusal_kind kind, bool is_error)
{
    struct refusal refusal;
    error_body_read(span_text(body), 200, NULL, &refusal);
    assert_int_equal(refusal.kind, kind);
    assert_int_equal(refusal.is_error, is_error);
}

static void the_documented_names_tell_the_reason(void **state)
{
    (void)state;
    the_reason_is_told("{\"title\":\"limit_exceeded\",\"detail\":\"x\"}", REFUSAL_LIMIT, true);
    the_reason_is_told("{\"title:\":\"limit_exceeded\",\"detail\":\"x\"}", REFUSAL_LIMIT, true);
    the_reason_is_told("{\"detail\":\"x\",\"title\":\"invalid_client\"}", REFUSAL_CLIENT, true);
    the_reason_is_told("{\"title\":\"not_found\",\"detail\":\"x\"}", REFUSAL_NOT_FOUND, true);
    the_reason_is_told("{\"title\":\"unauthorized\",\"detail\":\"x\"}", REFUSAL_ACCESS, true);
    the_reason_is_told("{\"title\":\"invalid_request\",\"detail\":\"name exists\"}", REFUSAL_EXISTS, true);
    the_reason_is_told("{\"title\":\"invalid_request\",\"detail\":\"account is not enabled\"}", REFUSAL_STATE, true);
    the_reason_is_told("{\"title\":\"invalid_request\",\"detail\":\"is already disabled\"}", REFUSAL_REQUEST, true);
    the_reason_is_told("{\"error\":\"invalid_grant\"}", REFUSAL_GRANT, true);
    the_reason_is_told("{\"error\":\"invalid_credentials\",\"error_description\":\"x\"}", REFUSAL_CREDENTIALS, true);
    the_reason_is_told("{\"developerMessage\":\"x\"}", REFUSAL_OTHER, true);
    the_reason_is_told("{\"title\":\"not_found\",\"detail\":\"cut o", REFUSAL_OTHER, false);
    the_reason_is_told("{\"title\":\"Forbidden\",\"detail\":\"x\"}", REFUSAL_OTHER, true);
}

static void what_any_answer_may_hold_is_no_error(void **state)
{
    (void)state;
    the_reason_is_told("{\"access_token\":\"x\",\"error\":null}", REFUSAL_OTHER, false);
    the_reason_is_told("{\"message\":\"welcome\"}", REFUSAL_OTHER, false);
    the_reason_is_told("{\"title\":\"welcome\"}", REFUSAL_OTHER, false);
    the_reason_is_told("<html>error</html>", REFUSAL_OTHER, false);
    the_reason_is_told("", REFUSAL_OTHER, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_of_every_make_is_understood),
        cmocka_unit_test(what_came_before_a_cut_is_still_told),
        cmocka_unit_test(html_gives_its_title_or_its_text),
        cmocka_unit_test(plain_text_is_taken_as_it_is),
        cmocka_unit_test(nothing_gives_the_status_phrase),
        cmocka_unit_test(a_terminal_cannot_be_steered),
        cmocka_unit_test(it_is_short),
        cmocka_unit_test(secrets_that_the_server_echoes_are_hidden),
        cmocka_unit_test(a_secret_at_the_cut_is_hidden),
        cmocka_unit_test(the_documented_names_tell_the_reason),
        cmocka_unit_test(what_any_answer_may_hold_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
