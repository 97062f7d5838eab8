// Base64: what OpenSSL writes is what we write, and nothing but strict base64 is read.
#include "core/unit.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "core/base64.h"

// OpenSSL's standard base64, turned into base64url without padding.
static size_t reference(const uint8_t *bytes, size_t len, char *out)
{
    int written = EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
    while (written > 0 && out[written - 1] == '=')
        written--;
    for (int i = 0; i < written; i++)
        out[i] = (char)(out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i]);
    out[written] = '\0';
    return (size_t)written;
}

static void same_as_openssl(const uint8_t *bytes, size_t len)
{
    char expected[512];
    struct ssa_error err;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, sizeof expected, &err));
    const size_t length = reference(bytes, len, expected);
    assert_true(base64url_append(&out, span_of(bytes, len)));
    assert_int_equal(out.len, length);
    assert_int_equal(BASE64URL_LENGTH(len), length);
    assert_string_equal(secret_text(&out), expected);
    (void)EVP_EncodeBlock((unsigned char *)expected, bytes, (int)len);
    secret_clear(&out);
    assert_true(base64_append(&out, span_of(bytes, len)));
    assert_int_equal(out.len, BASE64_LENGTH(len));
    assert_string_equal(secret_text(&out), expected);
}

static void every_length_and_byte_is_written_as_openssl_writes_it(void **state)
{
    (void)state;
    uint8_t bytes[256];
    for (size_t len = 0; len <= 64; len++)
        for (unsigned round = 0; round < 20; round++) {
            for (size_t i = 0; i < len; i++)
                bytes[i] = (uint8_t)unit_random(256);
            same_as_openssl(bytes, len);
        }
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t from = 0; from < 3; from++)
        same_as_openssl(bytes + from, sizeof bytes - from);
    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t len = 1; len <= 3; len++) {
            memset(bytes, (int)byte, len);
            same_as_openssl(bytes, len);
        }
}

static void what_does_not_fit_leaves_the_buffer_alone(void **state)
{
    (void)state;
    SECRET_AUTO out = {0};
    unit_secret(&out, 6, span_text("abc"));
    assert_false(base64url_append(&out, span_text("\x01\x02\x03")));
    assert_int_equal(out.len, 3);
    assert_string_equal(secret_text(&out), "abc");
    assert_false(base64_append(&out, span_text("\x01\x02")));
    assert_int_equal(out.len, 3);
    assert_true(base64url_append(&out, span_text("\x01\x02")));
    assert_int_equal(out.len, 6);
}

enum { AROUND = 16 };

// Decodes between guards, which must stay as they are; returns what the function does.
static size_t decode(const char *text, size_t len, uint8_t *bytes)
{
    uint8_t guarded[1024 + 2 * AROUND];
    assert_true(len <= 1024);
    memset(guarded, 0xa5, sizeof guarded);
    memcpy(guarded + AROUND, text, len);
    const size_t got = base64_decode_in_place(guarded + AROUND, len);
    for (size_t i = 0; i < AROUND; i++) {
        assert_int_equal(guarded[i], 0xa5);
        assert_int_equal(guarded[AROUND + len + i], 0xa5);
    }
    // What is left of the text is a secret's other form.
    for (size_t i = got == SIZE_MAX ? 0 : got; i < len; i++)
        assert_int_equal(guarded[AROUND + i], 0);
    if (got != SIZE_MAX)
        memcpy(bytes, guarded + AROUND, got);
    return got;
}

static void every_length_is_read_back(void **state)
{
    (void)state;
    uint8_t bytes[64], back[1024];
    char text[128], spaced[512];
    for (size_t len = 0; len <= sizeof bytes; len++)
        for (unsigned round = 0; round < 20; round++) {
            for (size_t i = 0; i < len; i++)
                bytes[i] = (uint8_t)unit_random(256);
            const size_t written = (size_t)EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
            assert_int_equal(decode(text, written, back), len);
            assert_memory_equal(back, bytes, len);
            size_t at = 0;
            for (size_t i = 0; i < written; i++) {
                spaced[at++] = text[i];
                for (unsigned blanks = unit_random(3); blanks > 0; blanks--)
                    spaced[at++] = " \t\r\n"[unit_random(4)];
            }
            assert_int_equal(decode(spaced, at, back), len);
            assert_memory_equal(back, bytes, len);
        }
}

static void refused(const char *text)
{
    uint8_t back[1024];
    if (decode(text, strlen(text), back) != SIZE_MAX)
        fail_msg("\"%s\" was taken for base64", text);
}

// Kept apart: it once took the process down.
static void a_lone_padding_sign_is_no_base64(void **state)
{
    (void)state;
    refused("=");
    refused("==");
    refused("===");
    refused("====");
}

static void padding_stands_at_the_end_and_makes_fours(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "A",     "AA",    "AAA",  "A=",    "AA=",  "A==",      "A===",     "AAAAA",    "AAAA=",   "AAAA==",
        "AAA==", "AA===", "AA=A", "AA==A", "=AAA", "AA==AAAA", "AAA=AAA=", "AAAA====", "AAA=\n=",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refused(texts[i]);
}

static void bits_that_stand_for_nothing_are_zero(void **state)
{
    (void)state;
    uint8_t back[1024];
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char one[] = "AA==", two[] = "AAA=";
    for (unsigned v = 0; v < 64; v++) {
        one[1] = alphabet[v];
        two[2] = alphabet[v];
        assert_int_equal(decode(one, 4, back), v % 16 == 0 ? 1 : SIZE_MAX);
        assert_int_equal(decode(two, 4, back), v % 4 == 0 ? 2 : SIZE_MAX);
    }
}

static void any_other_byte_is_refused(void **state)
{
    (void)state;
    uint8_t back[1024];
    for (unsigned byte = 0; byte < 256; byte++) {
        const bool fine =
            byte != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", (int)byte) != NULL;
        const bool white = byte != 0 && strchr(" \t\r\n", (int)byte) != NULL;
        for (size_t at = 0; at < 4; at++) {
            char text[8] = "AAAABBBB";
            text[at] = (char)byte;
            if (fine)
                assert_int_equal(decode(text, 8, back), 6);
            else if (white)
                assert_int_equal(decode(text, 8, back), SIZE_MAX);
            else
                assert_int_equal(decode(text, 8, back), SIZE_MAX);
        }
    }
}

static void nothing_and_white_space_are_no_bytes(void **state)
{
    (void)state;
    uint8_t back[1024];
    assert_int_equal(decode("", 0, back), 0);
    assert_int_equal(decode(" \r\n\t", 4, back), 0);
}

// Other programs write it without padding, in the other alphabet, or in lines.
static void any_kind_of_base64_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"+/+/QUI=", "-_-_QUI=", "-_-_QUI", "+/-_QUI", " +/+/\r\nQU I\n", "+/+/QUI"};
    static const char expected[] = "\xfb\xff\xbf"
                                   "AB";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ssa_error err;
        SECRET_AUTO text = {0};
        SUCCEEDS(secret_new(&text, 16, &err));
        assert_true(secret_append_text(&text, texts[i]));
        assert_true(base64_decode(&text));
        assert_int_equal(text.len, 5);
        assert_memory_equal(text.data, expected, 6);
    }
    static const char *const none[] = {"A", "AAAAA", "A=", "AA=A", "AB*D", "AAAA=", "AB", "AAB"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct ssa_error err;
        SECRET_AUTO text = {0};
        SUCCEEDS(secret_new(&text, 16, &err));
        assert_true(secret_append_text(&text, none[i]));
        assert_false(base64_decode(&text));
        assert_int_equal(text.len, 0);
    }
    // No room for the padding that it lacks.
    struct ssa_error err;
    SECRET_AUTO text = {0};
    SUCCEEDS(secret_new(&text, 6, &err));
    assert_true(secret_append_text(&text, "AAAAQQ"));
    assert_false(base64_decode(&text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_byte_is_written_as_openssl_writes_it),
        cmocka_unit_test(what_does_not_fit_leaves_the_buffer_alone),
        cmocka_unit_test(every_length_is_read_back),
        cmocka_unit_test(padding_stands_at_the_end_and_makes_fours),
        cmocka_unit_test(bits_that_stand_for_nothing_are_zero),
        cmocka_unit_test(any_other_byte_is_refused),
        cmocka_unit_test(nothing_and_white_space_are_no_bytes),
        cmocka_unit_test(a_lone_padding_sign_is_no_base64),
        cmocka_unit_test(any_kind_of_base64_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
