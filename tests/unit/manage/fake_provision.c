#include "core/unit.h"

#include "manage/fake_provision.h"

#include "core/steps.h"

struct provision provision;
struct entry entry;
size_t provisions_freed;

void provision_begin(void)
{
    entry = (struct entry){0};
    provision = (struct provision){.journal = {.entry = &entry}, .target = {.fd = -1}};
    provisions_freed = 0;
}

struct provision *__wrap_provision_new(const struct ssa_run *run, const struct ssa_output *output,
                                       struct ssa_ending *ending, struct ssa_error *err)
{
    (void)err;
    provision.open.run = run;
    provision.output = output;
    provision.ending = ending;
    return &provision;
}

void __wrap_provision_free(struct provision **of)
{
    assert_ptr_equal(*of, &provision);
    secret_free(&provision.pem);
    secret_free(&provision.rest);
    provisions_freed++;
}

bool __wrap_provision_undo(struct provision *of, const struct ssa_error *err)
{
    assert_true(of == &provision && err->code != SSA_OK);
    (void)step("undo", ERROR_IGNORED);
    return false;
}
