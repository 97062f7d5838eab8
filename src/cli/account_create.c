// ssa-hsm account create FIRST LAST
#include "cli/created.h"
#include "cli/print.h"

bool command_account_create(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_created created = {0};
    const bool without_key = i->arguments->given[OPT_NO_KEY];
    struct ssa_output output;
    const bool done = output_of(i->arguments, &output, err) &&
                      ssa_account_create(&i->run, i->words[0], i->words[1], without_key, &output, &created,
                                         i->ending, err) &&
                      created_print(&created, err);
    if (done && without_key)
        print_note("the account has no key yet: `ssa-hsm key create --force` makes one");
    if (done)
        created_next_step(&created);
    ssa_created_free(&created);
    return done;
}
