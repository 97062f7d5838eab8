// How a container is recognised.
#include "core/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "keyring/container.h"

static int clean(void **state)
{
    (void)unsetenv("container");
    (void)unsetenv("KUBERNETES_SERVICE_HOST");
    return unit_folder(state);
}

static void by_a_file(void **state)
{
    static const char *const names[] = {".dockerenv", "run/.containerenv", "run/systemd/container"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_false(keyring_in_container(unit_in));
        const char *path = unit_write(names[i], "", 0600);
        assert_true(keyring_in_container(unit_in));
        assert_int_equal(remove(path), 0);
    }
}

static void by_a_variable(void **state)
{
    static const char *const names[] = {"container", "KUBERNETES_SERVICE_HOST"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(setenv(names[i], "podman", 1), 0);
        assert_true(keyring_in_container(unit_in));
        assert_int_equal(setenv(names[i], "", 1), 0);
        assert_false(keyring_in_container(unit_in));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_a_file, clean, unit_folder_gone),
        cmocka_unit_test_setup_teardown(by_a_variable, clean, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
