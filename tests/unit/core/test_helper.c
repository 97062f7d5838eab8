// A helper is found without waiting for a library that another thread loads, which may take long.
#include "core/unit.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/helper.h"

enum { TOO_LONG_S = 10 };

static void *load(void *context)
{
    (void)context;
    return dlopen(SLOW_LIBRARY, RTLD_NOW | RTLD_LOCAL);
}

static void name_descriptor(const char *name, int fd)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", fd);
    assert_int_equal(setenv(name, text, 1), 0);
}

static void found_while_another_thread_loads(void **state)
{
    static const struct helper_places places = {
        .variable = "SSA_HSM_NO_SUCH_VARIABLE", .places = {"no-such-helper"}, .installed = "/installed"};
    int begun[2], may_end[2];
    char path[HELPER_PATH_MAX], byte = 0;
    pthread_t loader;
    void *library = NULL;
    (void)state;
    assert_int_equal(pipe(begun), 0);
    assert_int_equal(pipe(may_end), 0);
    name_descriptor("SLOW_LIBRARY_BEGUN", begun[1]);
    name_descriptor("SLOW_LIBRARY_MAY_END", may_end[0]);
    assert_int_equal(pthread_create(&loader, NULL, load, NULL), 0);
    assert_int_equal(read(begun[0], &byte, 1), 1);
    // One that waits for the thread is ended by the signal.
    (void)alarm(TOO_LONG_S);
    assert_string_equal(helper_find(&places, path), "/installed");
    (void)alarm(0);
    assert_int_equal(write(may_end[1], &byte, 1), 1);
    assert_int_equal(pthread_join(loader, &library), 0);
    assert_non_null(library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(found_while_another_thread_loads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
