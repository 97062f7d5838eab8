// Scopes as people write them.
#include "core/unit.h"

#include <string.h>

#include "core/api.h"
#include "core/text.h"
#include "oauth/scope.h"

static void becomes(const char *text, const char *expected)
{
    char out[SCOPE_MAX];
    struct ssa_error err;
    struct unit_heard heard = {0};
    const struct ssa_callbacks callbacks = {.context = &heard, .tell = unit_tell};
    SUCCEEDS(scope_normalise(text, out, &callbacks, &err));
    assert_string_equal(out, expected);
    if (heard.count != 0)
        fail_msg("was warned: %s", heard.line);
}

static void warns(const char *text, const char *mention)
{
    char out[SCOPE_MAX];
    struct ssa_error err;
    struct unit_heard heard = {0};
    const struct ssa_callbacks callbacks = {.context = &heard, .tell = unit_tell};
    SUCCEEDS(scope_normalise(text, out, &callbacks, &err));
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.level, SSA_WARNING);
    assert_non_null(strstr(heard.line, mention));
}

static void refuses(const char *text, const char *mention)
{
    char out[SCOPE_MAX];
    struct ssa_error err;
    const struct ssa_callbacks callbacks = {0};
    FAILS(scope_normalise(text, out, &callbacks, &err), SSA_USAGE, mention);
}

static void commas_and_blanks_separate(void **state)
{
    (void)state;
    becomes("data:read", "data:read");
    becomes("data:read data:write", "data:read data:write");
    becomes("data:read,data:write", "data:read data:write");
    becomes(" ,data:read , \n\tdata:write,, ", "data:read data:write");
    becomes(APS_SCOPE_DEFAULT, "data:read data:write");
    becomes("data:read:urn.x code:all", "data:read:urn.x code:all");
}

static void each_is_asked_for_once_in_the_order_given(void **state)
{
    (void)state;
    becomes("data:write data:read data:write,data:read", "data:write data:read");
    // A name that is part of another is not the other.
    becomes("user-profile:read user:read application:service_account_key:read application:service_account:read",
            "user-profile:read user:read application:service_account_key:read application:service_account:read");
}

static void an_unknown_name_is_told_and_taken(void **state)
{
    (void)state;
    warns("data:reed", "did you mean \"data:read\"?");
    warns("zebra data:read", "\"zebra\"");
    // A long one is near to nothing.
    char many[600], out[SCOPE_MAX];
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    struct unit_heard heard = {0};
    struct ssa_error err;
    const struct ssa_callbacks callbacks = {.context = &heard, .tell = unit_tell}, nobody = {0};
    SUCCEEDS(scope_normalise(many, out, &callbacks, &err));
    assert_null(strstr(heard.line, "did you mean"));
    SUCCEEDS(scope_normalise("zebra", out, &nobody, &err));
}

static void what_no_scope_can_be_is_refused(void **state)
{
    (void)state;
    refuses("", "empty");
    refuses(" , ", "empty");
    refuses("data:\"read\"", "character");
    refuses("data\\read", "character");
    refuses("data:r\xc3\xa4"
            "d",
            "character");
    refuses("data:read\x01", "character");
    refuses("data:read\r", "character");
    refuses("data:read\x7f", "character");
}

static void a_list_that_is_too_long_is_refused(void **state)
{
    (void)state;
    static char many[2 * SCOPE_MAX + 1];
    memset(many, 'x', sizeof many - 1);
    refuses(many, "longer than");
    // Short names, each another.
    for (unsigned i = 0; i < (sizeof many - 1) / 8; i++)
        assert_true(text_format(many + (size_t)8 * i, 9, "n%06u,", i));
    refuses(many, "longer than");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_blanks_separate),
        cmocka_unit_test(each_is_asked_for_once_in_the_order_given),
        cmocka_unit_test(an_unknown_name_is_told_and_taken),
        cmocka_unit_test(what_no_scope_can_be_is_refused),
        cmocka_unit_test(a_list_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
