#include "core/unit.h"

#include "core/steps.h"

enum { STEPS_MAX = 32, NAME_MAX_LENGTH = 24 };

const char *step_that_fails = "";
size_t time_it_fails;

static char happened[STEPS_MAX][NAME_MAX_LENGTH];
static size_t count;

void steps_begin(void)
{
    count = time_it_fails = 0;
    step_that_fails = "";
}

bool step(const char *name, struct ssa_error *err)
{
    size_t times = 1;
    assert_true(count < STEPS_MAX && strlen(name) < NAME_MAX_LENGTH);
    for (size_t i = 0; i < count; i++)
        times += strcmp(happened[i], name) == 0;
    memcpy(happened[count++], name, strlen(name) + 1);
    const bool fails = strcmp(name, step_that_fails) == 0 && (time_it_fails == 0 || times == time_it_fails);
    return !fails || error_set(err, SSA_NETWORK, NULL, NULL, "%s fails", name);
}

void steps_expect(const char *const *names)
{
    size_t i = 0;
    for (; names[i] != NULL && i < count; i++)
        assert_string_equal(happened[i], names[i]);
    if (names[i] != NULL)
        fail_msg("after %zu steps, %s did not happen", count, names[i]);
    if (i < count)
        fail_msg("%s happened, too", happened[i]);
}
