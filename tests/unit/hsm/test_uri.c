// PKCS#11 URIs: what we write is read again, and what could hide a PIN or a command is refused.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "hsm/data/data_uri.h"
#include "hsm/uri/uri_match.h"
#include "hsm/uri/uri_text.h"

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
    static const char *const texts[] = {"",
                                        "pkcs11",
                                        "token=x",
                                        "http://x",
                                        "pkcs11:token",
                                        "pkcs11:token=%zz",
                                        "pkcs11:token=%2",
                                        "-----BEGIN PRIVATE KEY-----"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refuses(texts[i], "PKCS#11 URI");
    refuses("pkcs11:token=100% mine", "%25");
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
        "pkcs11:token=x?pin-value=hunter2",
        "pkcs11:token=x;pin-value=hunter2",
        "pkcs11:token=x?PIN-VALUE=hunter2",
        "pkcs11:token=x;pin_value=hunter2",
        "pkcs11:token=x;pinvalue=hunter2",
        "pkcs11:token=x;pin=hunter2",
        "pkcs11:token=%zz?pin-value=hunter2",
        "pkcs11:token=x?pin-source=|hunter2",
        "hunter2",
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

// A token's name as Cryptoki has it: padded with blanks.
static struct token_name name_of(const char *label, const char *serial)
{
    struct token_name name;
    memset(&name, ' ', sizeof name);
    memcpy(name.label, label, strlen(label));
    memcpy(name.serial, serial, strlen(serial));
    return name;
}

static bool matches(const struct uri *uri, const struct token_name *name)
{
    CK_INFO module = {0};
    CK_SLOT_INFO slot = {0};
    CK_TOKEN_INFO token = {0};
    memcpy(token.label, name->label, sizeof name->label);
    memcpy(token.serialNumber, name->serial, sizeof name->serial);
    return uri_matches(uri, &module, &slot, 7, &token);
}

static void attribute_is(const struct uri *uri, CK_ATTRIBUTE_TYPE type, struct span expected)
{
    const CK_ATTRIBUTE *got = uri_attribute(uri, type);
    assert_int_equal(got != NULL, expected.len > 0);
    if (got != NULL)
        assert_true(span_equal(span_of(got->pValue, got->ulValueLen), expected));
}

static void text_is(const char *got, const char *expected)
{
    assert_int_equal(got != NULL, expected != NULL);
    if (got != NULL)
        assert_string_equal(got, expected);
}

static void round_trip(const struct uri_parts *parts)
{
    char text[URI_TEXT_MAX];
    struct ssa_error err;
    URI_AUTO *uri = NULL;
    SUCCEEDS(uri_write(parts, text, &err));
    for (const char *p = text; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~' || strchr("\"'`$\\<>", *p) != NULL)
            fail_msg("needs quoting that not every reader knows: %s", text);
    SUCCEEDS(uri_parse(text, &uri, &err));
    attribute_is(uri, CKA_LABEL, parts->object);
    attribute_is(uri, CKA_ID, parts->id);
    text_is(uri_module_path(uri), parts->module_path);
    text_is(uri_module_name(uri), parts->module_name);
    text_is(uri_pin_source(uri), parts->pin_source);
    struct token_name other = parts->token != NULL ? *parts->token : name_of("any", "1");
    assert_true(matches(uri, &other));
    other.serial[0] = other.serial[0] == '#' ? '*' : '#';
    assert_int_equal(matches(uri, &other), parts->token == NULL);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    const struct token_name plain = name_of("My Token", "0123456789abcdef"),
                            odd = name_of("a;b=c?d&e%f/g#h", "'\"`$\\ <>"),
                            full = name_of("12345678901234567890123456789012", "1234567890123456"),
                            foreign = name_of("\xc3\xa4\xe4\xb8\x96", "\xff\x01");
    round_trip(&(struct uri_parts){.token = &plain});
    round_trip(&(struct uri_parts){.token = &plain,
                                   .object = span_text("o"),
                                   .id = span_of("\0\1\xff;=?&%", 8),
                                   .private_key = true,
                                   .module_path = "/usr/lib/softhsm/libsofthsm2.so"});
    round_trip(&(struct uri_parts){.token = &odd,
                                   .object = span_text("|;:@!~[]{}^,+*()"),
                                   .module_name = "odd name;&?",
                                   .pin_source = "file:/a b;c&d?e=f"});
    round_trip(&(struct uri_parts){.token = &plain, .object = span_text("APS client secret 1"), .data = true});
    round_trip(&(struct uri_parts){.token = &full});
    round_trip(&(struct uri_parts){.token = &foreign, .object = span_of("\0\x01\x1b\n\xff", 5)});
    round_trip(&(struct uri_parts){0});
}

static void a_data_objects_uri_says_so(void **state)
{
    (void)state;
    char text[URI_TEXT_MAX], label[DATA_LABEL_MAX];
    struct ssa_error err = {0};
    URI_AUTO *data = NULL;
    URI_AUTO *untyped = NULL;
    URI_AUTO *key = NULL;
    URI_AUTO *nameless = NULL;
    SUCCEEDS(uri_write(&(struct uri_parts){.object = span_text("a\x1b b"), .data = true}, text, &err));
    assert_string_equal(text, "pkcs11:object=a%1B%20b;type=data");
    SUCCEEDS(uri_parse(text, &data, &err));
    SUCCEEDS(data_check_uri(data, "APS_SECRET_ID", &err));
    data_label(data, label);
    assert_string_equal(label, "a? b");
    SUCCEEDS(uri_parse("pkcs11:object=o", &untyped, &err));
    SUCCEEDS(data_check_uri(untyped, "APS_SECRET_ID", &err));
    SUCCEEDS(uri_parse("pkcs11:object=o;type=private", &key, &err));
    assert_false(data_check_uri(key, "APS_SECRET_ID", &err));
    assert_int_equal(err.code, SSA_CONFIG);
    SUCCEEDS(uri_parse("pkcs11:id=%01;type=data", &nameless, &err));
    assert_false(data_check_uri(nameless, "APS_SECRET_ID", &err));
}

static struct token_name only(const uint8_t *label)
{
    struct token_name name;
    memset(&name, ' ', sizeof name);
    memcpy(name.label, label, sizeof name.label);
    name.serial[0] = '1';
    return name;
}

static bool text_matches(const char *text, const struct token_name *name)
{
    struct ssa_error err;
    URI_AUTO *uri = NULL;
    SUCCEEDS(uri_parse(text, &uri, &err));
    return matches(uri, name);
}

// Blanks by the standard, zero bytes by some modules, and what stands behind these was never meant.
static void padding_of_any_kind_is_not_compared(void **state)
{
    (void)state;
    static const uint8_t labels[][32] = {"My Token", "My Token\0\0  garbage", "My Token    \0\xff\xff",
                                         "My Token                       "};
    for (size_t i = 0; i < COUNT(labels); i++) {
        const struct token_name name = only(labels[i]);
        assert_true(text_matches("pkcs11:token=My%20Token", &name));
        assert_true(text_matches("pkcs11:token=My%20Token%20%20", &name));
        // As earlier versions wrote it.
        assert_true(text_matches("pkcs11:token=My%20Token%00%00%00", &name));
        assert_false(text_matches("pkcs11:token=My%20Toke", &name));
        assert_false(text_matches("pkcs11:token=", &name));
        round_trip(&(struct uri_parts){.token = &name});
    }
    static const uint8_t blank[32] = "", full[33] = "12345678901234567890123456789012";
    const struct token_name nameless = only(blank), whole = only(full);
    assert_true(text_matches("pkcs11:token=", &nameless));
    assert_true(text_matches("pkcs11:token=%00", &nameless));
    assert_false(text_matches("pkcs11:token=%00", &whole));
    assert_false(text_matches("pkcs11:serial=%00;token=12345678901234567890123456789012",
                              &(struct token_name){.label = "12345678901234567890123456789012", .serial = "1"}));
    assert_true(text_matches("pkcs11:token=12345678901234567890123456789012", &whole));
}

// People write it so; other white space is how a mail or a file was laid out.
static void a_blank_in_a_value_is_meant(void **state)
{
    (void)state;
    struct ssa_error err;
    const struct token_name name = name_of("My  Token: a= b", "01");
    static const char *const texts[] = {"pkcs11:token=My  Token: a= b",
                                        "pkcs11: token = My  Token: a= b ; serial = 01",
                                        " pkcs11:token=My%20 Token:%20a= b;\n    serial=01\n",
                                        "pkcs11:token=My  To\nken: a= b;serial=0\t1",
                                        "PKCS11:token=My%20%20Token:%20a=%20b",
                                        "Pkcs11:serial=01"};
    for (size_t i = 0; i < COUNT(texts); i++)
        if (!text_matches(texts[i], &name))
            fail_msg("does not match: %s", texts[i]);
    assert_false(text_matches("pkcs11:token=MyToken: a= b", &name));
    URI_AUTO *uri = NULL;
    SUCCEEDS(
        uri_parse("pkcs11:object=My Key;token=x?module-path=/opt/my lib/m;1?.so&pin-source=file:/my pin", &uri, &err));
    assert_string_equal(uri_module_path(uri), "/opt/my lib/m;1?.so");
    assert_string_equal(uri_pin_source(uri), "file:/my pin");
    attribute_is(uri, CKA_LABEL, span_text("My Key"));
}

static void what_begins_as_a_uri_is_one(void **state)
{
    (void)state;
    assert_true(uri_text_is_uri("pkcs11:"));
    assert_true(uri_text_is_uri("PKCS11:token=x"));
    assert_true(uri_text_is_uri("  pKcS11:x"));
    assert_false(uri_text_is_uri("pkcs11"));
    assert_false(uri_text_is_uri("token=pkcs11:"));
    assert_false(uri_text_is_uri(""));
}

static void a_slot_s_number_is_one_or_refused(void **state)
{
    (void)state;
    struct ssa_error err;
    const struct token_name name = name_of("t", "1");
    assert_true(text_matches("pkcs11:token=t;slot-id=7", &name));
    assert_true(text_matches("pkcs11:slot-id=07;token=t", &name));
    assert_false(text_matches("pkcs11:token=t;slot-id=8", &name));
    static const char *const none[] = {
        "", "x", "-1", "0x7", "7x", "18446744073709551615", "18446744073709551623", "99999999999999999999999", "%37"};
    for (size_t i = 0; i < COUNT(none); i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "pkcs11:token=t;slot-id=%s;serial=1", none[i]);
        refuses(text, "PKCS#11 URI");
    }
    // It is a path's own there.
    URI_AUTO *uri = NULL;
    SUCCEEDS(uri_parse("pkcs11:token=t?module-path=/slot-id=x", &uri, &err));
}

static void a_label_is_one_whatever_stands_in_it(void **state)
{
    (void)state;
    struct ssa_error err;
    static const char *const labels[] = {
        "work", "a:b=c;d?e&f%20g", "My Token", "\xc3\xa4\xff", "token=x", " x", "12345678901234567890123456789012"};
    for (size_t i = 0; i < COUNT(labels); i++) {
        URI_AUTO *uri = NULL;
        const struct token_name name = name_of(labels[i], "1"), other = name_of("other", "1");
        SUCCEEDS(uri_of_label(labels[i], &uri, &err));
        assert_true(matches(uri, &name));
        assert_false(matches(uri, &other));
    }
    URI_AUTO *uri = NULL;
    FAILS(uri_of_label("", &uri, &err), SSA_CONFIG, "1 to 32");
    FAILS(uri_of_label("123456789012345678901234567890123", &uri, &err), SSA_CONFIG, "1 to 32");
}

// Its own words tell cards apart where the label is another by now.
static void a_serial_number_is_known_again(void **state)
{
    (void)state;
    struct ssa_error err;
    static const struct {
        const char *text;
        bool known;
    } texts[] = {
        {"pkcs11:token=old;serial=12ab34;id=%01", true},
        {"pkcs11:token=old;model=old;serial=12ab34;id=%01", true},
        {"pkcs11:token=old;manufacturer=other;serial=12ab34;id=%01", false},
        {"pkcs11:token=old;serial=12ab35;id=%01", false},
        {"pkcs11:token=old;id=%01", false},
        // A key's URI alone: what else there is on it has no id that could be looked for.
        {"pkcs11:token=old;serial=12ab34", false},
        {"pkcs11:token=old;serial=12ab34;object=secret;type=data", false},
        {"pkcs11:token=old;serial=12ab34;slot-id=8;id=%01", false},
        {"pkcs11:token=old;serial=12ab34;slot-id=7;id=%01", true},
    };
    CK_INFO module = {0};
    CK_SLOT_INFO slot = {0};
    CK_TOKEN_INFO token = {.label = "new", .serialNumber = "12ab34", .model = "m", .manufacturerID = "maker"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        URI_AUTO *uri = NULL;
        SUCCEEDS(uri_parse(texts[i].text, &uri, &err));
        assert_false(uri_matches(uri, &module, &slot, 7, &token));
        if (uri_matches_by_serial(uri, &module, &slot, 7, &token) != texts[i].known)
            fail_msg("%s", texts[i].text);
    }
    static const char *const real[] = {"12ab34", "0000001b", "afaf00000001", "DENK0100", "10203040"};
    static const char *const none[] = {"",         "0",    "123",      "0000",     "0000000000000000",
                                       "ffffffff", "1234", "12345678", "        ", "01"};
    for (size_t i = 0; i < COUNT(real); i++) {
        const struct token_name name = name_of("", real[i]);
        assert_true(uri_serial_is_real(name.serial));
    }
    for (size_t i = 0; i < COUNT(none); i++) {
        const struct token_name name = name_of("", none[i]);
        assert_false(uri_serial_is_real(name.serial));
    }
}

static void a_uri_that_fits_anything_names_nothing(void **state)
{
    (void)state;
    struct ssa_error err;
    static const char *const naming[] = {"pkcs11:token=",
                                         "pkcs11:serial=1",
                                         "pkcs11:slot-id=0",
                                         "pkcs11:slot-description=x",
                                         "pkcs11:library-description=x",
                                         "pkcs11:?module-path=/m.so",
                                         "pkcs11:model=m"};
    for (size_t i = 0; i < COUNT(naming); i++) {
        URI_AUTO *uri = NULL;
        SUCCEEDS(uri_parse(naming[i], &uri, &err));
        assert_true(uri_names_place(uri));
    }
    URI_AUTO *any = NULL, *object = NULL;
    SUCCEEDS(uri_parse("pkcs11:", &any, &err));
    assert_false(uri_names_place(any));
    SUCCEEDS(uri_parse("pkcs11:object=x?pin-source=file:/p", &object, &err));
    assert_false(uri_names_place(object));
}

// Some modules pad with zero bytes, whatever the standard says.
static void a_name_padded_with_zeroes_is_found_again(void **state)
{
    (void)state;
    struct token_name zeroes = {.label = "My Token", .serial = "01"};
    round_trip(&(struct uri_parts){.token = &zeroes});
}

static void every_byte_can_stand_in_a_name(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 256; byte++) {
        // Not at the end, where blanks are padding.
        const char text[] = {'a', (char)byte, 'b', '\0'};
        const struct token_name name = name_of(text, text);
        round_trip(&(struct uri_parts){.token = &name,
                                       .object = span_text(text),
                                       .id = span_of(text, 3),
                                       .module_path = text,
                                       .pin_source = text});
    }
}

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    static char many[URI_TEXT_MAX];
    char out[URI_TEXT_MAX];
    struct ssa_error err;
    memset(many, '%', sizeof many - 1);
    FAILS(uri_write(&(struct uri_parts){.object = span_text(many)}, out, &err), SSA_UNEXPECTED, "longer than");
    FAILS(uri_write(&(struct uri_parts){.id = span_of(many, 4000)}, out, &err), SSA_UNEXPECTED, "longer than");
}

static void a_message_names_the_token_alone(void **state)
{
    (void)state;
    char out[URI_TEXT_MAX], label[TOKEN_LABEL_TEXT];
    struct ssa_error err;
    URI_AUTO *uri = NULL, *object = NULL;
    SUCCEEDS(uri_parse("pkcs11:token=My%20Token;serial=1;object=o?pin-source=file:/p", &uri, &err));
    uri_token_text(uri, out);
    assert_non_null(strstr(out, "token=My%20Token"));
    assert_null(strstr(out, "file:"));
    uri_label_text(uri, label);
    assert_string_equal(label, "My Token");
    SUCCEEDS(uri_parse("pkcs11:object=o", &object, &err));
    uri_token_text(object, out);
    assert_null(strstr(out, "token="));
    uri_label_text(object, label);
    assert_string_equal(label, "");
    URI_AUTO *slot = NULL;
    SUCCEEDS(uri_parse("pkcs11:token=t;slot-id=3?module-path=/m.so", &slot, &err));
    uri_token_text(slot, out);
    assert_non_null(strstr(out, "slot-id=3"));
    assert_null(strstr(out, "/m.so"));
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
        cmocka_unit_test(a_data_objects_uri_says_so),
        cmocka_unit_test(a_name_padded_with_zeroes_is_found_again),
        cmocka_unit_test(padding_of_any_kind_is_not_compared),
        cmocka_unit_test(a_blank_in_a_value_is_meant),
        cmocka_unit_test(what_begins_as_a_uri_is_one),
        cmocka_unit_test(a_slot_s_number_is_one_or_refused),
        cmocka_unit_test(a_label_is_one_whatever_stands_in_it),
        cmocka_unit_test(a_serial_number_is_known_again),
        cmocka_unit_test(a_uri_that_fits_anything_names_nothing),
        cmocka_unit_test(every_byte_can_stand_in_a_name),
        cmocka_unit_test(what_does_not_fit_is_an_error),
        cmocka_unit_test(a_message_names_the_token_alone),
        cmocka_unit_test(freeing_nothing_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
