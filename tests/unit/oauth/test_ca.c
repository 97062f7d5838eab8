// Trust is what was named and nothing else; unnamed, it is the system's, read in the cheapest way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka's header needs the four above.
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "oauth/ca.h"

static char folder[] = "/tmp/test_ca.XXXXXX";
static char bundle[64], hashed[64], few[64], empty[64];

static void touch(const char *in, const char *name)
{
    char path[128];
    assert_true(text_format(path, sizeof path, "%s/%s", in, name));
    const int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    const char *line = strcmp(name, "README") == 0 ? "none" : "-----BEGIN CERTIFICATE-----\n";
    assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
    assert_int_equal(close(fd), 0);
}

static void make(char *path, size_t capacity, const char *name, unsigned links)
{
    assert_true(text_format(path, capacity, "%s/%s", folder, name));
    assert_int_equal(mkdir(path, 0700), 0);
    for (unsigned i = 0; i < links; i++) {
        char link[16];
        assert_true(text_format(link, sizeof link, "%08x.0", i));
        touch(path, link);
    }
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(text_format(bundle, sizeof bundle, "%s/bundle.pem", folder));
    touch(folder, "bundle.pem");
    make(hashed, sizeof hashed, "hashed", 30);
    make(few, sizeof few, "few", 2);
    make(empty, sizeof empty, "empty", 0);
    touch(empty, "README");
    touch(empty, "12345678.1");
    touch(empty, "1234567g.0");
    char dangling[128];
    assert_true(text_format(dangling, sizeof dangling, "%s/00000000.0", empty));
    assert_int_equal(symlink("nowhere", dangling), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    return text_format(command, sizeof command, "rm -r '%s'", folder) && system(command) == 0 ? 0 : -1;
}

static int clean_environment(void **state)
{
    (void)state;
    return unsetenv("SSL_CERT_FILE") == 0 && unsetenv("SSL_CERT_DIR") == 0 ? 0 : -1;
}

static void chooses(const char *cacert, const char *capath, const struct ca_default *fallback, const char *file,
                    const char *path)
{
    struct ca ca;
    struct ssa_error err = {0};
    if (!ca_choose(cacert, capath, fallback, &ca, &err))
        fail_msg("%s: %s", err.subject, err.what);
    assert_string_equal(ca.file, file);
    assert_string_equal(ca.path, path);
}

static void what_was_named_counts_alone(void **state)
{
    (void)state;
    const struct ca_default fallback = {bundle, hashed};
    assert_int_equal(setenv("SSL_CERT_DIR", hashed, 1), 0);
    chooses(bundle, NULL, &fallback, bundle, "");
    chooses(NULL, few, &fallback, "", few);
    chooses(bundle, few, &fallback, bundle, few);
}

static void the_environment_comes_before_the_default(void **state)
{
    (void)state;
    const struct ca_default fallback = {bundle, hashed};
    assert_int_equal(setenv("SSL_CERT_DIR", few, 1), 0);
    chooses(NULL, NULL, &fallback, "", few);
    assert_int_equal(setenv("SSL_CERT_FILE", bundle, 1), 0);
    chooses("", NULL, &fallback, bundle, few);
    assert_int_equal(setenv("SSL_CERT_FILE", "", 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", "", 1), 0);
    chooses(NULL, NULL, &fallback, "", hashed);
}

static void a_hashed_directory_is_preferred_where_it_is_one(void **state)
{
    (void)state;
    const struct ca_default good = {bundle, hashed}, own = {bundle, few}, bare = {bundle, empty};
    const struct ca_default alone = {NULL, few}, file = {bundle, "/nowhere"};
    chooses(NULL, NULL, &good, "", hashed);
    chooses(NULL, NULL, &own, bundle, "");
    chooses(NULL, NULL, &bare, bundle, "");
    chooses(NULL, NULL, &alone, "", few);
    chooses(NULL, NULL, &file, bundle, "");
    assert_false(ca_directory_is_hashed(empty, 1));
}

static void fails(const char *cacert, const char *capath, const char *subject)
{
    const struct ca_default fallback = {bundle, hashed};
    struct ca ca;
    struct ssa_error err = {0};
    assert_false(ca_choose(cacert, capath, &fallback, &ca, &err));
    assert_int_equal(err.code, SSA_CONFIG);
    assert_string_equal(err.subject, subject);
}

// As OpenSSL has it.
static void a_variable_that_names_nothing_is_no_error_beside_a_good_one(void **state)
{
    (void)state;
    const struct ca_default fallback = {bundle, hashed};
    char two[160];
    assert_int_equal(setenv("SSL_CERT_FILE", bundle, 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", "/nowhere", 1), 0);
    chooses(NULL, NULL, &fallback, bundle, "");
    assert_int_equal(setenv("SSL_CERT_FILE", "/nowhere/ca.pem", 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", few, 1), 0);
    chooses(NULL, NULL, &fallback, "", few);
    // A bundle without a certificate is as good as none.
    assert_true(text_format(two, sizeof two, "%s/README", empty));
    assert_int_equal(setenv("SSL_CERT_FILE", two, 1), 0);
    chooses(NULL, NULL, &fallback, "", few);
    assert_true(text_format(two, sizeof two, "/nowhere::%s:/nothing", few));
    assert_int_equal(setenv("SSL_CERT_DIR", two, 1), 0);
    chooses(NULL, NULL, &fallback, "", few);
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    chooses(NULL, NULL, &fallback, "", few);
}

static void variables_that_both_name_nothing_are_an_error(void **state)
{
    (void)state;
    const struct ca_default fallback = {bundle, hashed};
    struct ca ca;
    struct ssa_error err = {0};
    assert_int_equal(setenv("SSL_CERT_FILE", "/nowhere/ca.pem", 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", "/nowhere:/nothing", 1), 0);
    assert_false(ca_choose(NULL, NULL, &fallback, &ca, &err));
    assert_int_equal(err.code, SSA_CONFIG);
    assert_string_equal(err.subject, "/nowhere/ca.pem");
    assert_non_null(strstr(err.what, "/nowhere:/nothing"));
    assert_int_equal(err.reason, SSA_REASON_CA_ENV);
}

static void what_cannot_be_read_is_told_before_anything_is_sent(void **state)
{
    (void)state;
    fails("/nowhere/ca.pem", NULL, "/nowhere/ca.pem");
    fails(hashed, NULL, hashed);
    fails(NULL, "/nowhere", "/nowhere");
    fails(NULL, bundle, bundle);
    char two[160];
    assert_true(text_format(two, sizeof two, "%s:/nowhere", few));
    fails(NULL, two, "/nowhere");
    assert_int_equal(setenv("SSL_CERT_FILE", "/nowhere/env.pem", 1), 0);
    fails(NULL, NULL, "/nowhere/env.pem");
}

static void no_authorities_at_all_is_an_error(void **state)
{
    (void)state;
    const struct ca_default none = {NULL, "/nowhere"};
    struct ca ca;
    struct ssa_error err = {0};
    assert_false(ca_choose(NULL, NULL, &none, &ca, &err));
    assert_int_equal(err.code, SSA_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_named_counts_alone, clean_environment),
        cmocka_unit_test_setup(the_environment_comes_before_the_default, clean_environment),
        cmocka_unit_test_setup(a_hashed_directory_is_preferred_where_it_is_one, clean_environment),
        cmocka_unit_test_setup(a_variable_that_names_nothing_is_no_error_beside_a_good_one, clean_environment),
        cmocka_unit_test_setup(variables_that_both_name_nothing_are_an_error, clean_environment),
        cmocka_unit_test_setup(what_cannot_be_read_is_told_before_anything_is_sent, clean_environment),
        cmocka_unit_test_setup(no_authorities_at_all_is_an_error, clean_environment),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
