// Foreign text is shown without a secret in it, whichever piece of which, however it is written; and what is
// no secret is shown.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/mask.h"

#define CLIENT_SECRET "Zt4hunter2Hunter2k9Qx"

static void shows(const char *text, const char *expected)
{
    char out[1024];
    struct mask mask = {.shown = "nWq2Zk8Rb1Ax7Lm0Pd5Vt9Cs3Yf6Hg4J"};
    mask_add(&mask, span_text(CLIENT_SECRET));
    mask_add(&mask, span_of(NULL, 0));
    mask_text(&mask, span_text(text), out, sizeof out);
    assert_string_equal(out, expected);
}

static void words_ids_and_addresses_stay(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "exp is too far ahead (invalid_grant)",
        "The client_id or client_secret is wrong. (AUTH-003)",
        "invalidClientAssertionFormat: assertion: must be a string",
        "token: expired",
        "Bearer token is invalid",
        "Bearer realm=\"x\", Basic is what it takes",
        "key 3f0c6b54-96d0-4a8e-9d0c-0b9f6f0a4c11 of YTB4FPXZGRNT7K2M",
        "service-robot@0123456789012345678901234567890123456789012345.ssa.autodesk.com",
        "service-robot@nWq2Zk8Rb1Ax7Lm0Pd5Vt9Cs3Yf6Hg4J.adskserviceaccount.com",
        "client nWq2Zk8Rb1Ax7Lm0Pd5Vt9Cs3Yf6Hg4J is unknown",
        "https://developer.api.autodesk.com/authentication/v2/service-accounts/x/keys",
        "100% of the rate; 5%2 a\\b &c; &#; %zz \\u12",
        "we BEGIN here - and END there",
        "Failed to connect to proxy.example.com port 3128 after 1 ms",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        shows(texts[i], texts[i]);
}

static void a_known_secret_is_hidden_in_every_writing(void **state)
{
    (void)state;
    shows("secret " CLIENT_SECRET "!", "secret ***!");
    shows("of \"4hunter2Hunter2k9\" ends", "of \"***\" ends");
    shows("cut: Zt4hunter2", "cut: ***");
    shows("cut: Zt4h", "cut: ***");
    shows("...k9Qx is the end", "...*** is the end");
    shows("%5At4%68unter2%48unter2k9Qx", "***");
    shows("%255At4%2568unter2%2548unter2k9Qx", "***");
    shows("\\u005at4hunter2\\u0048unter2k9Qx.", "***.");
    shows("Zt4h&#117;nter2Hunter2k9Qx", "***");
}

static void what_is_like_a_token_is_hidden(void **state)
{
    (void)state;
    shows("got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl here", "got *** here");
    shows("value=eyJhbGci; x", "value=***; x");
    shows("token_eyJhbGci", "token_***");
    shows("x=MIIEowIBAAKC; x", "x=***; x");
    shows("(aGVsbG8gd29ybGQ==)", "(***)");
    shows("got \"eyJhbG\"", "got \"***\"");
    shows("piece iOiJSUzI1NiIsI of it", "piece *** of it");
    shows("access_token=abc&x=1", "access_token=***&x=1");
    shows("{\"access_token\": \"abcdef\", \"a\": 1}", "{\"access_token\": \"***\", \"a\": 1}");
    shows("{\\\"client_secret\\\":\\\"abcdef\\\"}", "{\\\"client_secret\\\":\\\"***\\\"}");
    shows("client_secret%3Dabcdef%26x", "client_secret%3D***%26x");
    shows("password: pa55", "password: ***");
    shows("Authorization: Basic dXNlcjpwYXNz.", "Authorization: Basic ***");
    shows("bearer AbCd", "bearer ***");
}

static void a_key_is_hidden_wherever_it_was_cut(void **state)
{
    (void)state;
    shows("a -----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc\n-----END PRIVATE KEY----- b", "a *** b");
    shows("a -----BEGIN RSA PRIVATE KEY-----\\nMIIE\\nabc", "a ***");
    shows("a -----BEGIN%20RSA%20PRIVATE%20KEY-----%0AMIIE", "a ***");
    shows("a --BEGIN RSA PRIV", "a ***");
    shows("x MIIEvQIBADANBg", "x ***");
    shows("Ab3=\n-----END PRIVATE KEY-----", "*** -----END PRIVATE KEY-----");
    shows("q83vEjRWeJCrze8S\nNFZ4kKvN7xI0Vnia", "***");
}

static void user_and_password_of_a_url_are_hidden(void **state)
{
    (void)state;
    shows("Unsupported proxy syntax in 'http://user:pass@host:99999': bad port",
          "Unsupported proxy syntax in 'http://***@host:99999': bad port");
    shows("http://user:p@ss@host/x", "http://***@host/x");
    shows("user:pass@host:8080", "user:***@host:8080");
    shows("http%3A%2F%2Fuser%3Apass%40host", "http%3A%2F%2F***%40host");
    shows("https://user%3Apass%40host/", "https://***%40host/");
}

static void a_long_text_is_cut_between_words(void **state)
{
    (void)state;
    // The secret begins a little before the end of what is looked at, behind what is hidden.
    char text[5000], out[300];
    struct mask mask = {0};
    mask_add(&mask, span_text(CLIENT_SECRET));
    for (size_t before = 1; before < 25; before++) {
        memset(text, 'x', sizeof text);
        (void)snprintf(text + 2048 - before, sizeof text - 2048, " %s and more", CLIENT_SECRET);
        mask_text(&mask, span_text(text), out, sizeof out);
        assert_string_equal(out, "***");
    }
}

static void any_piece_of_any_length_is_safe(void **state)
{
    (void)state;
    // Of every text that begins and ends somewhere, with room for few characters, no more is written.
    static const char text[] = "\\u00%41&#12;&amp\\-----BEGIN x -END a:b@c ://@ eyJeyJ token= Basic \\";
    for (size_t from = 0; from < sizeof text; from++) {
        for (size_t len = 0; from + len < sizeof text; len++) {
            char out[8];
            mask_text(NULL, span_of(text + from, len), out, sizeof out);
            assert_true(strlen(out) < sizeof out);
        }
    }
    char many[4000];
    memset(many, 'a', sizeof many);
    for (size_t i = 0; i < sizeof many; i += 10)
        memcpy(many + i, "pwd=x&pwd=", 10);
    char out[4000];
    mask_text(NULL, span_of(many, sizeof many), out, sizeof out);
    assert_null(strstr(out, "=x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_ids_and_addresses_stay),
        cmocka_unit_test(a_known_secret_is_hidden_in_every_writing),
        cmocka_unit_test(what_is_like_a_token_is_hidden),
        cmocka_unit_test(a_key_is_hidden_wherever_it_was_cut),
        cmocka_unit_test(user_and_password_of_a_url_are_hidden),
        cmocka_unit_test(a_long_text_is_cut_between_words),
        cmocka_unit_test(any_piece_of_any_length_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
