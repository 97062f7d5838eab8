// Which hosts are excepted from the proxy, and what is read of the proxy itself.
#include "core/unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "oauth/proxy.h"

static int fresh(void **state)
{
    (void)state;
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};
    struct ssa_error err;
    for (size_t i = 0; i < COUNT(names); i++)
        if (unsetenv(names[i]) != 0)
            return -1;
    return libcurl_load(&err) ? 0 : -1;
}

static struct oauth_client client_of(const char *host)
{
    struct oauth_client client = {0};
    assert_true(text_format(client.url.host, sizeof client.url.host, "%s", host));
    return client;
}

static void excepts(const char *list, const char *host, bool expected)
{
    const struct oauth_client client = client_of(host);
    assert_int_equal(setenv("no_proxy", list, 1), 0);
    if ((proxy_exception(&client) != NULL) != expected)
        fail_msg("no_proxy=%s, %s", list, host);
}

static void names_and_the_domains_below_them_are_excepted(void **state)
{
    (void)state;
    excepts("example.org", "example.org", true);
    excepts("example.org", "api.example.org:8443", true);
    excepts(".example.org", "api.example.org", true);
    excepts("EXAMPLE.org", "api.Example.ORG", true);
    excepts("a.b, example.org", "example.org", true);
    excepts("*", "anything.example", true);
    excepts("127.0.0.1", "127.0.0.1:8443", true);
    excepts("example.org", "notexample.org", false);
    excepts("api.example.org", "example.org", false);
    excepts("a,b,,", "example.org", false);
    excepts(".", "example.org", false);
    excepts("", "example.org", false);
}

static void either_variable_counts(void **state)
{
    (void)state;
    const struct oauth_client client = client_of("example.org");
    assert_null(proxy_exception(&client));
    assert_int_equal(setenv("NO_PROXY", "example.org", 1), 0);
    assert_string_equal(proxy_exception(&client), "NO_PROXY");
    assert_int_equal(setenv("no_proxy", "another.example", 1), 0);
    assert_null(proxy_exception(&client));
}

static void a_user_is_seen_and_not_shown(void **state)
{
    (void)state;
    const struct oauth_client client = client_of("example.org");
    struct proxy proxy = proxy_of(&client);
    assert_false(proxy.named);
    assert_string_equal(proxy.variable, "https_proxy");
    assert_int_equal(setenv("ALL_PROXY", "socks5://somebody:secret@proxy.example:1080", 1), 0);
    proxy = proxy_of(&client);
    assert_true(proxy.named && proxy.socks && proxy.has_user && !proxy.misread);
    assert_string_equal(proxy.variable, "ALL_PROXY");
    assert_string_equal(proxy.host, "proxy.example:1080");
    assert_int_equal(setenv("https_proxy", "proxy.example:3128", 1), 0);
    proxy = proxy_of(&client);
    assert_true(proxy.named && !proxy.socks && !proxy.has_user);
    assert_string_equal(proxy.host, "proxy.example:3128");
    assert_int_equal(setenv("https_proxy", "gopher://x", 1), 0);
    proxy = proxy_of(&client);
    assert_non_null(proxy.fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(names_and_the_domains_below_them_are_excepted, fresh),
        cmocka_unit_test_setup(either_variable_counts, fresh),
        cmocka_unit_test_setup(a_user_is_seen_and_not_shown, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
