// What a caller sends to the facade: a form, and perhaps a header.
#include "core/unit.h"

#include "agent/callers/credentials.h"

static bool reads(const char *form, const char *header, struct credentials *c)
{
    struct ssa_error err = {0};
    const bool read = credentials_read(span_text(form), header, c, &err);
    assert_int_equal(err.code, read ? SSA_OK : SSA_USAGE);
    return read;
}

static void a_form_has_all(void **state)
{
    (void)state;
    CREDENTIALS_AUTO c = {0};
    assert_true(reads(
        "grant_type=client_credentials&client_id=a-1&client_secret=s%2Bt&scope=data%3Aread+data:write&x=y", NULL, &c));
    assert_string_equal(c.grant_type, "client_credentials");
    assert_string_equal(c.client_id, "a-1");
    assert_string_equal(secret_text(&c.client_secret), "s+t");
    assert_string_equal(c.scope, "data:read data:write");
}

static void a_header_has_id_and_secret(void **state)
{
    (void)state;
    CREDENTIALS_AUTO c = {0};
    assert_true(reads("grant_type=client_credentials", "basic YS0xOnM6dA==", &c));
    assert_string_equal(c.client_id, "a-1");
    assert_string_equal(secret_text(&c.client_secret), "s:t");
}

static void what_is_odd_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *form, *header;
    } odd[] = {
        {"client_id=a&client_id=b", NULL},
        {"client_secret=a&client_secret=b", NULL},
        {"client_id=a%", NULL},
        {"client_id=%4", NULL},
        {"client_id=%zz", NULL},
        {"client_id=%\x16\x11", NULL},
        {"client_id=a%00b", NULL},
        {"client_id=a%0ab", NULL},
        {"", "Bearer abc"},
        {"", "Basic ***"},
        {"", "Basic YQBiOmM="},
        {"client_id=a", "Basic YS0xOnM6dA=="},
        {"client_secret=a", "Basic YS0xOnM6dA=="},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct credentials c;
        assert_false(reads(odd[i].form, odd[i].header, &c));
        assert_null(c.client_secret.data);
    }
}

static void what_is_too_long_is_refused(void **state)
{
    (void)state;
    static char form[FORM_MAX + 64] = "client_id=";
    struct credentials c;
    memset(form + 10, 'a', CALLER_ID_MAX);
    assert_false(reads(form, NULL, &c));
    memcpy(form, "client_secret=", 14);
    memset(form + 14, 'a', CALLER_SECRET_MAX + 1);
    assert_false(reads(form, NULL, &c));
    memset(form, '&', 100);
    form[100] = '\0';
    assert_false(reads(form, NULL, &c));
    memset(form, 'a', FORM_MAX + 1);
    form[FORM_MAX + 1] = '\0';
    assert_false(reads(form, NULL, &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_has_all),
        cmocka_unit_test(a_header_has_id_and_secret),
        cmocka_unit_test(what_is_odd_is_refused),
        cmocka_unit_test(what_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
