// A form's values are escaped, so that none of them can end its field.
#include "core/unit.h"

#include "core/text.h"
#include "oauth/http.h"

static void values_are_joined(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO form = {0};
    SUCCEEDS(secret_new(&form, 64, &err));
    assert_true(http_form_append(&form, "scope", "data:read data:write"));
    assert_true(http_form_append(&form, "x", ""));
    assert_string_equal(secret_text(&form), "scope=data%3Aread%20data%3Awrite&x=");
}

static bool is_unreserved(unsigned byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static void every_byte_but_the_unreserved_ones_is_escaped(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte <= 255; byte++) {
        struct ssa_error err;
        SECRET_AUTO form = {0};
        char expected[16];
        const char value[] = {(char)byte, '\0'};
        SUCCEEDS(secret_new(&form, 16, &err));
        assert_true(http_form_append(&form, "n", value));
        assert_true(text_format(expected, sizeof expected, is_unreserved(byte) ? "n=%c" : "n=%%%02X", byte));
        assert_string_equal(secret_text(&form), expected);
    }
}

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO form = {0};
    SUCCEEDS(secret_new(&form, 6, &err));
    assert_true(http_form_append(&form, "a", "bcd"));
    assert_false(http_form_append(&form, "e", "f"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_joined),
        cmocka_unit_test(every_byte_but_the_unreserved_ones_is_escaped),
        cmocka_unit_test(what_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
