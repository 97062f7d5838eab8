// What a person has typed during a setup: given again only where it was right.
#include "core/unit.h"

#include <string.h>

#include "cli/setup/memory.h"
#include "core/text.h"

// The person at the terminal, who types something else each time.
static unsigned asked;
bool __wrap_terminal_ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                                struct ssa_error *err);
bool __wrap_terminal_ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                                struct ssa_error *err)
{
    (void)context;
    (void)prompt;
    (void)err;
    assert_true(capacity >= 2);
    answer[0] = (char)('0' + ++asked % 10);
    *len = 1;
    return true;
}

static void gives(struct memory *memory, const char *prompt, char expected)
{
    char answer[8] = "";
    size_t len = 0;
    struct ssa_error err;
    SUCCEEDS(memory_ask(memory, prompt, answer, sizeof answer, &len, &err));
    assert_int_equal(len, 1);
    assert_int_equal(answer[0], expected);
}

static int fresh(void **state)
{
    (void)state;
    asked = 0;
    return 0;
}

static void what_was_right_is_given_again(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    gives(&memory, "PIN a: ", '1');
    gives(&memory, "PIN b: ", '2');
    memory_end(&memory, true, NULL);
    for (int step = 0; step < 2; step++) {
        memory_begin(&memory);
        gives(&memory, "PIN a: ", '1');
        gives(&memory, "PIN b: ", '2');
        memory_end(&memory, true, NULL);
    }
    assert_int_equal(asked, 2);
    memory_free(&memory);
}

static void a_refused_pin_is_asked_for_anew(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    gives(&memory, "PIN: ", '1');
    // It was refused, and the person types it again within the step.
    gives(&memory, "PIN: ", '2');
    memory_end(&memory, true, NULL);
    memory_begin(&memory);
    gives(&memory, "PIN: ", '2');
    // Meanwhile somebody has changed it.
    gives(&memory, "PIN: ", '3');
    memory_end(&memory, true, NULL);
    memory_begin(&memory);
    gives(&memory, "PIN: ", '3');
    memory_end(&memory, false, &(struct ssa_error){.code = SSA_PIN});
    memory_begin(&memory);
    gives(&memory, "PIN: ", '4');
    memory_free(&memory);
}

static void what_was_not_proved_is_asked_for_anew(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    gives(&memory, "Client secret: ", '1');
    memory_end(&memory, false, &(struct ssa_error){.code = SSA_NETWORK});
    memory_begin(&memory);
    gives(&memory, "Client secret: ", '2');
    memory_end(&memory, true, NULL);
    memory_begin(&memory);
    gives(&memory, "Client secret: ", '2');
    // The network says nothing against it.
    memory_end(&memory, false, &(struct ssa_error){.code = SSA_NETWORK});
    memory_begin(&memory);
    gives(&memory, "Client secret: ", '2');
    memory_end(&memory, false, &(struct ssa_error){.code = SSA_CREDENTIALS});
    memory_begin(&memory);
    gives(&memory, "Client secret: ", '3');
    memory_free(&memory);
}

static void more_than_fit_are_asked_for_each_time(void **state)
{
    (void)state;
    struct memory memory = {0};
    for (int step = 0; step < 2; step++) {
        memory_begin(&memory);
        for (unsigned i = 0; i <= ANSWERS_MAX; i++) {
            char prompt[16], answer[8];
            size_t len = 0;
            struct ssa_error err;
            assert_true(text_format(prompt, sizeof prompt, "PIN %u: ", i));
            SUCCEEDS(memory_ask(&memory, prompt, answer, sizeof answer, &len, &err));
        }
        memory_end(&memory, true, NULL);
    }
    assert_int_equal(asked, ANSWERS_MAX + 2);
    memory_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_right_is_given_again, fresh),
        cmocka_unit_test_setup(a_refused_pin_is_asked_for_anew, fresh),
        cmocka_unit_test_setup(what_was_not_proved_is_asked_for_anew, fresh),
        cmocka_unit_test_setup(more_than_fit_are_asked_for_each_time, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
