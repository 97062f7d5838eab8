// ssa-hsm key recover
#include "cli/command.h"
#include "cli/print.h"

bool command_key_recover(const struct invocation *i, struct ssa_error *err)
{
    const struct ssa_recovery how = {.key_id = i->arguments->values[OPT_KEY],
                                     .forget = i->arguments->given[OPT_FORGET]};
    struct ssa_run run = i->run;
    size_t found = 0;
    if (i->arguments->given[OPT_YES])
        run.callbacks.confirm = NULL;
    if (!ssa_recover(&run, &how, &found, i->ending, err))
        return false;
    if (found == 0)
        print_note("nothing is left to recover");
    return true;
}
