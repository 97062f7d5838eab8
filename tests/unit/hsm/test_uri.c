// PKCS#11 URIs: what we write is read again, and what could hide a PIN or a command is refused.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "hsm/pkcs11.h"
#include "hsm/uri.h"

static void refuses(const char *text, const char *mention)
{
    struct ssa_error err;
    URI_AUTO *uri = NULL;
    FAILS(uri_parse(text, &uri, &err), SSA_CONFIG, mention);
    assert_null(uri);
}

static void a_token_s_uri_is_taken_apart(void **state)
{
    (void)state;
    struct ssa_error err;
    URI_AUTO *uri = NULL;
    SUCCEEDS(uri_parse("pkcs11:token=My%20Token;serial=0123?module-path=/usr/lib/m.so&pin-source=file:/run/pin", &uri,
                       &err));
    assert_string_equal(uri_module_path(uri), "/usr/lib/m.so");
    assert_null(uri_module_name(uri));
    assert_string_equal(uri_pin_source(uri), "file:/run/pin");
    assert_false(uri_names_object(uri));
}

static void an_object_s_uri_names_one(void **state)
{
    (void)state;
    struct ssa_error err;
    static const char *const texts[] = {"pkcs11:object=x", "pkcs11:id=%01", "pkcs11:token=t;object=x;id=%00%ff"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        URI_AUTO *uri = NULL;
        SUCCEEDS(uri_parse(texts[i], &uri, &err));
        assert_true(uri_names_object(uri));
    }
    URI_AUTO *type = NULL;
    SUCCEEDS(uri_parse("pkcs11:token=t;type=private", &type, &err));
    assert_false(uri_names_object(type));
}

static void what_is_no_uri_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "pkcs11", "token=x", "http://x", "pkcs11:token", "pkcs11:token=%zz",
                                        "pkcs11:token=%2", "-----BEGIN PRIVATE KEY-----"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refuses(texts[i], "PKCS#11 URI");
    refuses("pkcs11:tokn=x", "not in RFC 7512");
    refuses("pkcs11:token=x;x-vendor=y", "not in RFC 7512");
    refuses("pkcs11:type=nonsense", "RFC 7512");
}

static void a_pin_in_a_uri_is_refused(void **state)
{
    (void)state;
    refuses("pkcs11:token=x?pin-value=hunter2", "pin-value");
    refuses("pkcs11:token=x?module-path=/m.so&pin-value=hunter2", "pin-value");
    refuses("pkcs11:?pin-value=", "pin-value");
}

// Wherever it stands and however it is spelt: terminals have scrollback and CI has logs.
static void a_pin_in_a_uri_is_never_repeated(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "pkcs11:token=x?pin-value=hunter2",  "pkcs11:token=x;pin-value=hunter2",  "pkcs11:token=x?PIN-VALUE=hunter2",
        "pkcs11:token=x;pin_value=hunter2",  "pkcs11:token=x;pinvalue=hunter2",   "pkcs11:token=x;pin=hunter2",
        "pkcs11:token=%zz?pin-value=hunter2", "pkcs11:token=x?pin-source=|hunter2", "hunter2",
        "pkcs11:x-pin-value=hunter2?pin-value=hunter2",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ssa_error err = {0};
        char text[4096];
        URI_AUTO *uri = NULL;
        if (uri_parse(texts[i], &uri, &err))
            fail_msg("\"%s\" was taken", texts[i]);
        ssa_error_text(&err, text, sizeof text);
        if (strstr(text, "hunter2") != NULL)
            fail_msg("\"%s\" is told as: %s", texts[i], text);
    }
}

static void a_command_as_pin_source_is_refused(void **state)
{
    (void)state;
    refuses("pkcs11:token=x?pin-source=|cat%20pin", "never run");
    refuses("pkcs11:token=x?pin-source=%7ccat", "never run");
    struct ssa_error err;
    URI_AUTO *uri = NULL;
    SUCCEEDS(uri_parse("pkcs11:token=x?pin-source=file:/a%7cb", &uri, &err));
    assert_string_equal(uri_pin_source(uri), "file:/a|b");
}

static void round_trip(const struct uri_parts *parts)
{
    char text[URI_TEXT_MAX], again[URI_TEXT_MAX];
    struct ssa_error err;
    URI_AUTO *uri = NULL;
    SUCCEEDS(uri_write(parts, text, &err));
    for (const char *p = text; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~' || strchr("\"'`$\\<>", *p) != NULL)
            fail_msg("needs quoting that not every reader knows: %s", text);
    SUCCEEDS(uri_parse(text, &uri, &err));
    const CK_ATTRIBUTE *label = uri_attribute(uri, CKA_LABEL), *id = uri_attribute(uri, CKA_ID);
    const struct span object = parts->object == NULL ? span_of("", 0) : span_text(parts->object);
    assert_int_equal(label != NULL, object.len > 0);
    assert_int_equal(id != NULL, parts->id.len > 0);
    if (label != NULL)
        assert_true(span_equal(span_of(label->pValue, label->ulValueLen), object));
    if (id != NULL)
        assert_true(span_equal(span_of(id->pValue, id->ulValueLen), parts->id));
    struct uri_parts back = *parts;
    back.module_path = uri_module_path(uri);
    back.module_name = uri_module_name(uri);
    back.pin_source = uri_pin_source(uri);
    SUCCEEDS(uri_write(&back, again, &err));
    assert_string_equal(again, text);

    CK_INFO module = {0};
    CK_SLOT_INFO slot = {0};
    CK_TOKEN_INFO token = {0};
    memset(token.label, ' ', sizeof token.label);
    memset(token.serialNumber, ' ', sizeof token.serialNumber);
    if (parts->token != NULL)
        memcpy(token.label, parts->token, strlen(parts->token));
    if (parts->serial != NULL)
        memcpy(token.serialNumber, parts->serial, strlen(parts->serial));
    assert_true(uri_matches(uri, &module, &slot, 7, &token));
    token.serialNumber[15] = token.serialNumber[15] == '#' ? '*' : '#';
    assert_int_equal(uri_matches(uri, &module, &slot, 7, &token), parts->serial == NULL);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    round_trip(&(struct uri_parts){.token = "My Token", .serial = "0123456789abcdef"});
    round_trip(&(struct uri_parts){.token = "t", .object = "o", .id = span_of("\0\1\xff;=?&%", 8), .private_key = true,
                                   .module_path = "/usr/lib/softhsm/libsofthsm2.so"});
    round_trip(&(struct uri_parts){.token = "a;b=c?d&e%f/g#h", .serial = "'\"`$\\ <>", .object = "|;:@!~[]{}^,+*()",
                                   .module_name = "odd name;&?", .pin_source = "file:/a b;c&d?e=f"});
    round_trip(&(struct uri_parts){.token = "12345678901234567890123456789012", .serial = "1234567890123456"});
    round_trip(&(struct uri_parts){.token = "\xc3\xa4\xe4\xb8\x96", .object = "\x01\x1b\n\xff"});
    round_trip(&(struct uri_parts){0});
}

static void every_byte_can_stand_in_a_name(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 256; byte++) {
        // Not at the end, where blanks are padding.
        const char text[] = {'a', (char)byte, 'b', '\0'};
        round_trip(&(struct uri_parts){.token = text, .serial = text, .object = text, .id = span_of(text, 3),
                                       .module_path = text, .pin_source = text});
    }
}

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    static char many[URI_TEXT_MAX];
    char out[URI_TEXT_MAX];
    struct ssa_error err;
    memset(many, '%', sizeof many - 1);
    FAILS(uri_write(&(struct uri_parts){.object = many}, out, &err), SSA_UNEXPECTED, "longer than");
    FAILS(uri_write(&(struct uri_parts){.id = span_of(many, 400)}, out, &err), SSA_UNEXPECTED, "longer than");
}

static void a_message_names_the_token_alone(void **state)
{
    (void)state;
    char out[URI_TEXT_MAX];
    struct ssa_error err;
    URI_AUTO *uri = NULL, *object = NULL;
    SUCCEEDS(uri_parse("pkcs11:token=My%20Token;serial=1;object=o?pin-source=file:/p", &uri, &err));
    uri_token_text(uri, out);
    assert_non_null(strstr(out, "token=My%20Token"));
    assert_null(strstr(out, "file:"));
    SUCCEEDS(uri_parse("pkcs11:object=o", &object, &err));
    uri_token_text(object, out);
    assert_null(strstr(out, "token="));
}

static void freeing_nothing_is_harmless(void **state)
{
    (void)state;
    struct uri *uri = NULL;
    uri_free(&uri);
    struct ssa_error err;
    SUCCEEDS(uri_parse("pkcs11:", &uri, &err));
    uri_free(&uri);
    assert_null(uri);
    uri_free(&uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_s_uri_is_taken_apart),
        cmocka_unit_test(an_object_s_uri_names_one),
        cmocka_unit_test(what_is_no_uri_is_refused),
        cmocka_unit_test(a_pin_in_a_uri_is_refused),
        cmocka_unit_test(a_pin_in_a_uri_is_never_repeated),
        cmocka_unit_test(a_command_as_pin_source_is_refused),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(every_byte_can_stand_in_a_name),
        cmocka_unit_test(what_does_not_fit_is_an_error),
        cmocka_unit_test(a_message_names_the_token_alone),
        cmocka_unit_test(freeing_nothing_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
