// ssa-hsm key create
#include "cli/created.h"

bool command_key_create(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_created created = {0};
    struct ssa_output output;
    const bool done =
        output_of(i->arguments, &output, err) &&
        ssa_key_create(&i->run, i->arguments->values[OPT_ACCOUNT], &output, &created, i->ending, err) &&
        created_print(&created, err);
    if (done)
        created_next_step(&created);
    ssa_created_free(&created);
    return done;
}
