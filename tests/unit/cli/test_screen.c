// What a terminal can show, by its kind and the environment.
#include "core/unit.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/output/screen.h"

static int terminal = -1, other_end = -1;

static int open_terminal(void **state)
{
    (void)state;
    const struct winsize size = {.ws_row = 24, .ws_col = 132};
    return openpty(&other_end, &terminal, NULL, NULL, &size);
}

static int clear_environment(void **state)
{
    (void)state;
    static const char *const names[] = {"NO_COLOR", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (unsetenv(names[i]) != 0)
            return -1;
    return setenv("TERM", "xterm", 1);
}

static void a_file_is_no_terminal(void **state)
{
    (void)state;
    const int file = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_false(screen_is_at(file));
    assert_false(screen_has_colours(file));
    assert_int_equal(screen_columns(file), SCREEN_COLUMNS);
    assert_int_equal(close(file), 0);
}

static void a_terminal_is_known_by_its_kind(void **state)
{
    (void)state;
    assert_true(screen_is_at(terminal));
    assert_true(screen_has_colours(terminal));
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    assert_false(screen_is_at(terminal));
    assert_false(screen_has_colours(terminal));
    assert_int_equal(unsetenv("TERM"), 0);
    assert_false(screen_is_at(terminal));
}

static void no_color_counts_when_it_is_not_empty(void **state)
{
    (void)state;
    assert_int_equal(setenv("NO_COLOR", "", 1), 0);
    assert_true(screen_has_colours(terminal));
    assert_int_equal(setenv("NO_COLOR", "0", 1), 0);
    assert_false(screen_has_colours(terminal));
    assert_true(screen_is_at(terminal));
}

static void columns_goes_before_the_terminal(void **state)
{
    (void)state;
    assert_int_equal(screen_columns(terminal), 132);
    assert_int_equal(setenv("COLUMNS", "40", 1), 0);
    assert_int_equal(screen_columns(terminal), 40);
    static const char *const nonsense[] = {"", "0", "-1", "x", "4 0", "100000", "0x10"};
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        assert_int_equal(setenv("COLUMNS", nonsense[i], 1), 0);
        assert_int_equal(screen_columns(terminal), 132);
    }
    assert_int_equal(unsetenv("COLUMNS"), 0);
    const struct winsize unknown = {0}, back = {.ws_col = 132};
    assert_int_equal(ioctl(other_end, TIOCSWINSZ, &unknown), 0);
    assert_int_equal(screen_columns(terminal), SCREEN_COLUMNS);
    assert_int_equal(ioctl(other_end, TIOCSWINSZ, &back), 0);
}

static void the_ellipsis_is_for_utf8_alone(void **state)
{
    (void)state;
    assert_string_equal(screen_ellipsis(), "...");
    assert_int_equal(setenv("LANG", "de_DE.UTF-8", 1), 0);
    assert_string_equal(screen_ellipsis(), "\u2026");
    assert_int_equal(setenv("LC_ALL", "C", 1), 0);
    assert_string_equal(screen_ellipsis(), "...");
    assert_int_equal(setenv("LC_ALL", "", 1), 0);
    assert_int_equal(setenv("LC_CTYPE", "C.utf8", 1), 0);
    assert_string_equal(screen_ellipsis(), "\u2026");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_is_no_terminal, clear_environment),
        cmocka_unit_test_setup(a_terminal_is_known_by_its_kind, clear_environment),
        cmocka_unit_test_setup(no_color_counts_when_it_is_not_empty, clear_environment),
        cmocka_unit_test_setup(columns_goes_before_the_terminal, clear_environment),
        cmocka_unit_test_setup(the_ellipsis_is_for_utf8_alone, clear_environment),
    };
    return cmocka_run_group_tests(tests, open_terminal, NULL);
}
