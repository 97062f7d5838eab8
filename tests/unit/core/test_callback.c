// A caller's answer to a question for a secret, also one that does not keep to the rules.
#include "core/unit.h"

#include <string.h>

#include "core/callback.h"

enum { ROOM = 16, MUCH = 17 };

static struct ssa_error own;
static size_t told;
static bool answers;

static bool ask(void *context, const char *prompt, char *answer, size_t capacity, size_t *len, struct ssa_error *err)
{
    (void)context;
    (void)prompt;
    assert_int_equal(capacity, ROOM);
    memset(answer, '1', capacity);
    *len = told;
    if (own.code != SSA_OK)
        *err = own;
    return answers;
}

static bool question(struct secret *secret, struct ssa_error *err)
{
    static const struct ssa_callbacks callbacks = {.ask_secret = ask};
    assert_true(secret_new(secret, ROOM, err));
    // Of a failure before.
    *err = (struct ssa_error){.code = SSA_NETWORK, .what = "old"};
    return callback_ask_secret(&callbacks, "PIN: ", secret, err);
}

static void an_answer_is_taken(void **state)
{
    (void)state;
    SECRET_AUTO secret = {0};
    struct ssa_error err;
    answers = true;
    told = ROOM;
    assert_true(question(&secret, &err));
    assert_int_equal(secret.len, ROOM);
}

static void one_that_is_longer_than_its_room_is_refused(void **state)
{
    (void)state;
    struct ssa_error err;
    static const size_t lengths[] = {MUCH, SIZE_MAX};
    answers = true;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        SECRET_AUTO secret = {0};
        told = lengths[i];
        assert_false(question(&secret, &err));
        assert_int_equal(err.code, SSA_PIN);
        assert_int_equal(secret.len, 0);
    }
}

static void a_failure_has_an_error_in_any_case(void **state)
{
    (void)state;
    SECRET_AUTO secret = {0};
    struct ssa_error err;
    answers = false;
    told = 0;
    assert_false(question(&secret, &err));
    assert_int_equal(err.code, SSA_PIN);
    assert_string_equal(err.what, "the question for a secret was not answered");
}

static void the_callers_own_error_is_kept(void **state)
{
    (void)state;
    SECRET_AUTO secret = {0};
    struct ssa_error err;
    answers = false;
    own = (struct ssa_error){.code = SSA_CONFIG, .what = "nobody"};
    assert_false(question(&secret, &err));
    assert_int_equal(err.code, SSA_CONFIG);
    assert_string_equal(err.what, "nobody");
    own = (struct ssa_error){0};
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_taken),
        cmocka_unit_test(one_that_is_longer_than_its_room_is_refused),
        cmocka_unit_test(a_failure_has_an_error_in_any_case),
        cmocka_unit_test(the_callers_own_error_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
