// Credentials go over https, to the server that the base URL names, and to no other.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka's header needs the four above.
#include <cmocka.h>
#include <string.h>

#include "aps/request.h"
#include "core/text.h"
#include "oauth/url.h"

static void takes(const char *text, bool insecure, const char *base, const char *host)
{
    struct url url;
    struct ssa_error err = {0};
    if (!url_read(text, insecure, &url, &err))
        fail_msg("%s: %s", text, err.what);
    assert_string_equal(url.base, base);
    assert_string_equal(url.host, host);
}

static void refuses(const char *text, bool insecure)
{
    struct url url;
    struct ssa_error err = {0};
    if (url_read(text, insecure, &url, &err))
        fail_msg("%s was taken", text);
    assert_int_equal(err.code, SSA_CONFIG);
    assert_string_not_equal(err.what, "");
    assert_int_not_equal(err.reason, SSA_REASON_NONE);
}

static void https_with_port_and_prefix_is_taken(void **state)
{
    (void)state;
    takes("https://developer.api.autodesk.com", false, "https://developer.api.autodesk.com",
          "developer.api.autodesk.com");
    takes("https://gateway.example:8443/aps/", false, "https://gateway.example:8443/aps", "gateway.example:8443");
    takes("https://gateway.example:443//", false, "https://gateway.example", "gateway.example");
    takes("HTTPS://[2001:db8::1]:8443", false, "https://[2001:db8::1]:8443", "[2001:db8::1]:8443");
}

// "HTTPS:" is not usual, so that libcurl reads it.
static void a_usual_one_is_read_as_libcurl_reads_it(void **state)
{
    (void)state;
    static const char *const rests[] = {
        "developer.api.autodesk.com",
        "a.example/",
        "a.example/aps",
        "a.example:8443/aps/v-1/X_y/",
        "a-b.c9x:1",
        "127.0.0.1:18443",
        "10.1.2.3",
        "a.example:65535",
        "x",
    };
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        char usual[URL_MAX], other[URL_MAX];
        struct url by_us, by_libcurl;
        struct ssa_error err = {0};
        assert_true(text_format(usual, sizeof usual, "https://%s", rests[i]));
        assert_true(text_format(other, sizeof other, "HTTPS://%s", rests[i]));
        assert_true(url_read(usual, false, &by_us, &err));
        assert_true(url_read(other, false, &by_libcurl, &err));
        assert_string_equal(by_us.base, by_libcurl.base);
        assert_string_equal(by_us.host, by_libcurl.host);
        assert_int_equal(by_us.plain, by_libcurl.plain);
    }
}

// Here two parsers may differ, or libcurl changes something.
static void what_is_not_usual_is_left_to_libcurl(void **state)
{
    (void)state;
    takes("https://example.com:443/x", false, "https://example.com/x", "example.com");
    refuses("https://example.com:0x50", false);
    refuses("https://example.com:65536", false);
    refuses("https://example.com@evil.example", false);
    refuses("https://example.com\\.evil.example", false);
    refuses("https:///example.com", false);
    refuses("https://:8443", false);
}

static void what_is_no_base_url_is_refused(void **state)
{
    (void)state;
    refuses("", false);
    refuses("developer.api.autodesk.com", false);
    refuses("ftp://example.com", false);
    refuses("file:///etc/passwd", false);
    refuses("https://", false);
    refuses("https://example.com:99999", false);
    refuses("https://example.com/?a=b", false);
    refuses("https://example.com/#top", false);
    refuses("https://exam ple.com", false);
    refuses("https://example.com/\r\nHost: evil", false);
    refuses("https://example.com/authentication/v2/token", false);
}

static void a_password_in_the_url_is_refused_and_not_quoted(void **state)
{
    (void)state;
    struct url url;
    struct ssa_error err = {0};
    refuses("https://user@example.com", false);
    assert_false(url_read("https://user:hunter2@example.com", false, &url, &err));
    char text[2048];
    ssa_error_text(&err, text, sizeof text);
    assert_null(strstr(text, "hunter2"));
}

static void nor_is_one_that_no_parser_finds(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "https://user:hunter2",           "https://user%3Ahunter2%40example.com",
        "ftp://user:hunter2@example.com", "https://example.com/?client_secret=hunter2",
        "user:hunter2@example.com",       "https://user:hunter2/example.com",
        "https:user:hunter2@example.com", "https://user:hunter2%40example.com:1",
        "https://example.com/?x=hunter2", "https://exam ple.com/#hunter2",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct url url;
        struct ssa_error err = {0};
        char whole[2 * SSA_ERROR_TEXT_MAX];
        assert_false(url_read(texts[i], false, &url, &err));
        ssa_error_text(&err, whole, sizeof whole);
        if (strstr(whole, "hunter2") != NULL)
            fail_msg("%s", whole);
    }
}

static void plain_http_needs_leave_and_a_loopback_address(void **state)
{
    (void)state;
    takes("http://127.0.0.1:8080/x", true, "http://127.0.0.1:8080/x", "127.0.0.1:8080");
    takes("http://[::1]:8080", true, "http://[::1]:8080", "[::1]:8080");
    takes("http://localhost", true, "http://localhost", "localhost");
    refuses("http://127.0.0.1:8080", false);
    refuses("http://example.com", true);
    refuses("http://localhost.example.com", true);
    refuses("http://127.0.0.1.example.com", true);
    refuses("http://128.0.0.1", true);
    refuses("http://[::2]", true);
    refuses("http://[::ffff:10.0.0.1]", true);
}

static void loopback_is_this_machine_alone(void **state)
{
    (void)state;
    assert_true(url_host_is_loopback("127.255.0.1"));
    assert_true(url_host_is_loopback("LOCALHOST"));
    assert_true(url_host_is_loopback("[0:0:0:0:0:0:0:1]"));
    assert_false(url_host_is_loopback("::1"));
    assert_false(url_host_is_loopback("[]"));
    assert_false(url_host_is_loopback(""));
    assert_false(url_host_is_loopback("0.0.0.0"));
}

static void a_call_stands_behind_the_prefix(void **state)
{
    (void)state;
    struct url url;
    struct ssa_error err;
    char out[URL_MAX];
    assert_true(url_read("https://example.com/aps/", false, &url, &err));
    assert_true(url_of(&url, NULL, "/token", out, sizeof out, &err));
    assert_string_equal(out, "https://example.com/aps/authentication/v2/token");
    assert_false(url_of(&url, NULL, "/token", out, 20, &err));
}

static void an_id_cannot_lead_to_another_path(void **state)
{
    (void)state;
    char path[CALL_PATH_MAX];
    struct ssa_error err;
    assert_true(request_key_path("ACCOUNT", "46080fde-2971", path, &err));
    assert_string_equal(path, "/service-accounts/ACCOUNT/keys/46080fde-2971");
    static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "a b", "a%2fb", "a?b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(request_key_path("ACCOUNT", bad[i], path, &err));
        assert_int_equal(err.code, SSA_USAGE);
        assert_false(request_path(bad[i], "", path, &err));
    }
    char longest[API_ID_MAX + 1] = "";
    memset(longest, 'a', API_ID_MAX - 1);
    assert_true(request_key_path(longest, longest, path, &err));
    memset(longest, 'a', API_ID_MAX);
    assert_false(request_key_path("ACCOUNT", longest, path, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https_with_port_and_prefix_is_taken),
        cmocka_unit_test(a_usual_one_is_read_as_libcurl_reads_it),
        cmocka_unit_test(what_is_not_usual_is_left_to_libcurl),
        cmocka_unit_test(what_is_no_base_url_is_refused),
        cmocka_unit_test(a_password_in_the_url_is_refused_and_not_quoted),
        cmocka_unit_test(nor_is_one_that_no_parser_finds),
        cmocka_unit_test(plain_http_needs_leave_and_a_loopback_address),
        cmocka_unit_test(loopback_is_this_machine_alone),
        cmocka_unit_test(a_call_stands_behind_the_prefix),
        cmocka_unit_test(an_id_cannot_lead_to_another_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
