// Errors: one or two lines that say what failed, on what, why, and what to do.
#include "core/unit.h"

#include <errno.h>
#include <string.h>

static void reads(const struct ssa_error *err, const char *expected)
{
    char text[4096];
    ssa_error_text(err, text, sizeof text);
    assert_string_equal(text, expected);
}

static void every_part_has_its_place_and_may_be_missing(void **state)
{
    (void)state;
    struct ssa_error err;
    assert_false(error_set(&err, SSA_PIN, "CKR_PIN_INCORRECT", "token A", "the PIN is %s", "wrong"));
    assert_int_equal(err.code, SSA_PIN);
    reads(&err, "token A: the PIN is wrong (CKR_PIN_INCORRECT)");
    assert_false(error_hint(&err, "Try %d.", 1));
    reads(&err, "token A: the PIN is wrong (CKR_PIN_INCORRECT)\nTry 1.");
    error_set(&err, SSA_USAGE, NULL, NULL, "no");
    reads(&err, "no");
    error_set(&err, SSA_USAGE, "HTTP 403", NULL, "no");
    reads(&err, "no (HTTP 403)");
    error_set(&err, SSA_USAGE, NULL, "here", "no");
    error_hint(&err, "Go.");
    reads(&err, "here: no\nGo.");
}

static void a_new_error_has_nothing_of_the_one_before(void **state)
{
    (void)state;
    struct ssa_error err;
    error_set(&err, SSA_PIN, "CKR_PIN_INCORRECT", "token A", "wrong");
    error_hint(&err, "Try again.");
    error_set(&err, SSA_CONFIG, NULL, NULL, "another");
    reads(&err, "another");
    assert_int_equal(err.code, SSA_CONFIG);
}

static void the_system_s_errors_keep_their_names(void **state)
{
    (void)state;
    struct ssa_error err;
    assert_false(error_errno(&err, SSA_CONFIG, EACCES, "/a", "cannot be read"));
    reads(&err, "/a: cannot be read (Permission denied)");
    // A number that has no name.
    error_errno(&err, SSA_CONFIG, 99999, "/a", "cannot be read");
    reads(&err, "/a: cannot be read");
}

static void foreign_bytes_cannot_steer_the_terminal(void **state)
{
    (void)state;
    struct ssa_error err;
    error_set(&err, SSA_REFUSED, "C\x1b", "s\x1b[2J\nx", "w%s", "\xc2\x9b\n\xff");
    error_hint(&err, "h%s", "\x07\n");
    reads(&err, "s?[2J x: w? ? (C?)\nh? ");
}

static void long_parts_are_cut_and_ended(void **state)
{
    (void)state;
    char text[4096], many[3000];
    struct ssa_error err;
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    error_set(&err, SSA_REFUSED, many, many, "%s", many);
    error_hint(&err, "%s", many);
    assert_int_equal(strlen(err.cause), sizeof err.cause - 1);
    assert_int_equal(strlen(err.subject), sizeof err.subject - 1);
    assert_int_equal(strlen(err.what), sizeof err.what - 1);
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
    ssa_error_text(&err, text, sizeof text);
    for (size_t capacity = 1; capacity < 300; capacity += 7) {
        memset(text, 0x55, sizeof text);
        ssa_error_text(&err, text, capacity);
        assert_int_equal(strlen(text), capacity - 1);
        assert_int_equal(text[capacity], 0x55);
    }
    ssa_error_text(&err, text, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_has_its_place_and_may_be_missing),
        cmocka_unit_test(a_new_error_has_nothing_of_the_one_before),
        cmocka_unit_test(the_system_s_errors_keep_their_names),
        cmocka_unit_test(foreign_bytes_cannot_steer_the_terminal),
        cmocka_unit_test(long_parts_are_cut_and_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
