// Which URI names one token alone among those that a module shows: for each of a zoo of them.
#include "core/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hsm/token/describe.h"

// The texts' bytes as they are, the rest as the module pads.
static void put(CK_UTF8CHAR *to, size_t width, const char *text, char padding)
{
    const size_t len = strlen(text);
    memset(to, padding, width);
    memcpy(to, text, len < width ? len : width);
}

static struct module_seen *seen_new(void)
{
    struct module_seen *seen = calloc(1, sizeof *seen + SLOTS_MAX * sizeof seen->tokens[0]);
    assert_non_null(seen);
    memset(&seen->about, ' ', sizeof seen->about);
    return seen;
}

static void add(struct module_seen *seen, const char *label, const char *serial, const char *maker, const char *model,
                char padding)
{
    struct token_seen *token = &seen->tokens[seen->count];
    token->slot = 10 + 3 * seen->count++;
    put(token->token.label, sizeof token->token.label, label, padding);
    put(token->token.serialNumber, sizeof token->token.serialNumber, serial, padding);
    put(token->token.manufacturerID, sizeof token->token.manufacturerID, maker, padding);
    put(token->token.model, sizeof token->token.model, model, padding);
}

static size_t matching(const struct module_seen *seen, const char *text, size_t *at)
{
    struct ssa_error err;
    URI_AUTO *uri = NULL;
    size_t count = 0;
    SUCCEEDS(uri_parse(text, &uri, &err));
    for (size_t i = 0; i < seen->count; i++)
        if (seen_match(seen, i, uri) == MATCH_EXACT) {
            *at = i;
            count++;
        }
    return count;
}

static void names_one(const struct module_seen *seen, const char *text, size_t expected)
{
    size_t at = 0;
    const size_t count = matching(seen, text, &at);
    if (count != 1 || at != expected)
        fail_msg("%s matches %zu tokens, and not number %zu of %zu alone", text, count, expected, seen->count);
}

// Each URI that may be printed or saved for a token.
static void every_uri_finds_its_token_again(const struct module_seen *seen)
{
    static const struct module_entry entry = {.name = "unit", .path = "/m.so"};
    struct ssa_error err;
    for (size_t i = 0; i < seen->count; i++) {
        struct token_info info;
        char uri[URI_TEXT_MAX];
        seen_describe(seen, i, &info);
        names_one(seen, info.uri, i);
        SUCCEEDS(token_write_uri(&entry, &info, uri, &err));
        names_one(seen, uri, i);
        assert_true(token_write_key_uri(&entry, &info, span_text("\1\2"), span_text("a key"), uri));
        names_one(seen, uri, i);
        const struct uri_parts parts = {
            .token = &info.name, .apart = &info.apart, .object = span_text("o"), .data = true};
        SUCCEEDS(uri_write(&parts, uri, &err));
        names_one(seen, uri, i);
    }
}

static void uri_is(const struct module_seen *seen, size_t at, const char *expected)
{
    struct token_info info;
    seen_describe(seen, at, &info);
    assert_string_equal(info.uri, expected);
}

static void a_token_alone_has_a_short_uri(void **state)
{
    (void)state;
    SEEN_AUTO *seen = seen_new();
    add(seen, "My Token", "12ab", "maker", "model", ' ');
    uri_is(seen, 0, "pkcs11:serial=12ab;token=My%20Token");
    add(seen, "Other", "12ac", "maker", "model", ' ');
    uri_is(seen, 0, "pkcs11:serial=12ab;token=My%20Token");
    every_uri_finds_its_token_again(seen);
}

// What is more than needed makes a URI that will not last.
static void only_what_tells_them_apart_is_added(void **state)
{
    (void)state;
    SEEN_AUTO *seen = seen_new();
    add(seen, "x", "12ab", "maker", "one", ' ');
    add(seen, "x", "12ab", "maker", "other", ' ');
    uri_is(seen, 0, "pkcs11:model=one;serial=12ab;token=x");
    seen->count = 0;
    add(seen, "x", "12ab", "one", "model", ' ');
    add(seen, "x", "12ab", "other", "model", '\0');
    uri_is(seen, 1, "pkcs11:model=model;manufacturer=other;serial=12ab;token=x");
    seen->count = 0;
    add(seen, "x", "12ab", "maker", "model", ' ');
    add(seen, "x", "12ab", "maker", "model", '\0');
    uri_is(seen, 0, "pkcs11:slot-id=10;serial=12ab;token=x");
    uri_is(seen, 1, "pkcs11:slot-id=13;serial=12ab;token=x");
    every_uri_finds_its_token_again(seen);
}

// One card, two PINs: each is a token of the same serial number.
static void a_label_that_changes_stands_there_where_it_alone_tells(void **state)
{
    (void)state;
    SEEN_AUTO *seen = seen_new();
    put(seen->about.manufacturerID, sizeof seen->about.manufacturerID, "OpenSC Project", ' ');
    add(seen, "User PIN (card)", "afaf00000001", "OpenPGP project", "PKCS#15 emulated", ' ');
    add(seen, "User PIN (sig) (card)", "afaf00000001", "OpenPGP project", "PKCS#15 emulated", ' ');
    every_uri_finds_its_token_again(seen);
    struct token_info info;
    seen_describe(seen, 1, &info);
    assert_non_null(strstr(info.uri, "token=User%20PIN%20%28sig%29%20%28card%29"));
    assert_false(info.apart.serial_is_one);
}

static void nothing_at_all_is_told_apart_too(void **state)
{
    (void)state;
    SEEN_AUTO *seen = seen_new();
    add(seen, "", "", "maker", "model", ' ');
    every_uri_finds_its_token_again(seen);
    uri_is(seen, 0, "pkcs11:model=model;manufacturer=maker;serial=;token=");
    add(seen, "x", "", "maker", "model", ' ');
    add(seen, "x", "1", "maker", "model", '\0');
    add(seen, "", "1", "maker", "model", '\0');
    add(seen, "", "", "", "", '\0');
    every_uri_finds_its_token_again(seen);
    uri_is(seen, 1, "pkcs11:serial=;token=x");
}

// Few texts, so that they meet.
static void whatever_a_module_shows_is_told_apart(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",         "x",        "x ",   "X",     "a;b=c?d&e%2ff#",
        "My Token", "\xff\xfe", "\x01", "x\xc3", "1234567890123456789012345678901234567890"};
    static const char *const serials[] = {"", "0", "00000000", "12ab34", "12ab34 ", "\xff", "a;b=%41"};
    for (unsigned round = 0; round < 3000; round++) {
        SEEN_AUTO *seen = seen_new();
        const uint32_t count = 1 + unit_random(6);
        for (uint32_t i = 0; i < count; i++)
            add(seen, texts[unit_random(COUNT(texts))], serials[unit_random(COUNT(serials))], texts[unit_random(3)],
                texts[unit_random(3)], unit_random(2) == 0 ? ' ' : '\0');
        every_uri_finds_its_token_again(seen);
    }
}

// Two tokens in one slot are one, or a lie.
static void where_nothing_tells_them_apart_it_is_said(void **state)
{
    (void)state;
    static const struct module_entry entry = {.path = "/m.so"};
    SEEN_AUTO *seen = seen_new();
    struct token_info info;
    struct ssa_error err;
    char uri[URI_TEXT_MAX];
    add(seen, "x", "12ab", "maker", "model", ' ');
    add(seen, "x", "12ab", "maker", "model", ' ');
    seen->tokens[1].slot = seen->tokens[0].slot;
    seen_describe(seen, 0, &info);
    FAILS(token_write_uri(&entry, &info, uri, &err), SSA_TOKEN, "nothing tells the PKCS#11 token from another");
    assert_false(token_write_key_uri(&entry, &info, span_text("1"), span_text("k"), uri));
}

static enum token_match how(const struct module_seen *seen, size_t at, const char *text)
{
    struct ssa_error err;
    URI_AUTO *uri = NULL;
    SUCCEEDS(uri_parse(text, &uri, &err));
    return seen_match(seen, at, uri);
}

static void another_label_is_known_by_its_serial_number(void **state)
{
    (void)state;
    SEEN_AUTO *seen = seen_new();
    struct token_info info;
    add(seen, "new", "12ab34", "maker", "model", '\0');
    add(seen, "other", "00000000", "maker", "model", '\0');
    assert_int_equal(how(seen, 0, "pkcs11:token=new;serial=12ab34"), MATCH_EXACT);
    assert_int_equal(how(seen, 0, "pkcs11:token=old;serial=12ab34;id=%01"), MATCH_BY_SERIAL);
    assert_int_equal(how(seen, 1, "pkcs11:token=old;serial=12ab34;id=%01"), MATCH_NONE);
    assert_int_equal(how(seen, 1, "pkcs11:token=old;serial=00000000;id=%01"), MATCH_NONE);
    seen_describe(seen, 0, &info);
    assert_true(info.apart.serial_is_one);
    seen_describe(seen, 1, &info);
    assert_false(info.apart.serial_is_one);
    add(seen, "third", "12ab34", "another maker", "model", ' ');
    seen_describe(seen, 0, &info);
    assert_false(info.apart.serial_is_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_alone_has_a_short_uri),
        cmocka_unit_test(only_what_tells_them_apart_is_added),
        cmocka_unit_test(a_label_that_changes_stands_there_where_it_alone_tells),
        cmocka_unit_test(nothing_at_all_is_told_apart_too),
        cmocka_unit_test(whatever_a_module_shows_is_told_apart),
        cmocka_unit_test(where_nothing_tells_them_apart_it_is_said),
        cmocka_unit_test(another_label_is_known_by_its_serial_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
